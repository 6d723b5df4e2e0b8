-- as ada
-- What does not fit is an error, whatever computes it; the session lives on.
select 2147483647 + 1;
! 22003 integer out of range

select id + 9223372036854775807 from crm.customers;
! 22003 bigint out of range

select -((-32768)::int2);
! 22003 smallint out of range

select id / 0 from crm.customers;
! 22012 division by zero

select id % 0 from crm.customers;
! 22012 division by zero

select 1e308::float8 * 10;
! 22003 value out of range: overflow

select 1e-200::float8 * 1e-200::float8;
! 22003 value out of range: underflow

select 10::numeric(38, 0) * 10000000000000000000000000000000000000::numeric(38, 0);
! 22003 value overflows numeric format
  hint: A numeric value has at most 38 digits here, those behind the point included.

select 1234.5::numeric(5, 2);
! 22003 numeric field overflow
  detail: A field with precision 5, scale 2 must round to an absolute value less than 10^3.

select sqrt(-id) from crm.customers;
! 2201F cannot take square root of a negative number

select ln(id - id) from crm.customers;
! 2201E cannot take logarithm of zero

select chr(0);
! 54000 null character not permitted

select name + 1 from crm.customers;
! 42883 operator does not exist: text + integer
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.

select sum(name) from crm.customers;
! 42883 function sum(text) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.

select (select id from crm.customers);
! 21000 more than one row returned by a subquery used as an expression

select to_char(date '2020-03-05', 'RM');
! 0A000 "RM" in a format pattern is not supported
  hint: docs/sql.md lists the patterns that are understood.

select to_char(1.5::float8, '9.' || repeat('9', 70000));
! 54000 a format pattern has at most 1024 bytes

select to_char(now(), 'YYYY') > '2000', sum(id) > 0, pg_typeof(sum(id)) from crm.customers;
t | t | numeric
= 1
