-- as ada
-- Nothing is written, made, or read from elsewhere; the session lives on.
insert into crm.customers values (1);
! 42501 permission denied: INSERT is not possible, this gateway only reads
  hint: Send changes to the source itself.

update crm.customers set name = 'x';
! 42501 permission denied: UPDATE is not possible, this gateway only reads
  hint: Send changes to the source itself.

delete from crm.customers;
! 42501 permission denied: DELETE is not possible, this gateway only reads
  hint: Send changes to the source itself.

truncate crm.customers;
! 42501 permission denied: TRUNCATE is not possible, this gateway only reads
  hint: Send changes to the source itself.

merge into crm.customers using crm.countries on true when matched then delete;
! 42501 permission denied: MERGE is not possible, this gateway only reads
  hint: Send changes to the source itself.

create table t (a int);
! 42501 permission denied: CREATE TABLE is not possible, this gateway only reads
  hint: Send changes to the source itself.

create table t as select * from crm.customers;
! 42501 permission denied: CREATE TABLE is not possible, this gateway only reads
  hint: Send changes to the source itself.

select * into t from crm.customers;
! 42501 permission denied: SELECT INTO is not possible, this gateway only reads
  hint: Send changes to the source itself.

create view v as select 1;
! 42501 permission denied: CREATE VIEW is not possible, this gateway only reads
  hint: Send changes to the source itself.

create function f() returns int language sql as 'select 1';
! 42501 permission denied: CREATE FUNCTION is not possible, this gateway only reads
  hint: Send changes to the source itself.

drop table crm.customers;
! 42501 permission denied: DROP is not possible, this gateway only reads
  hint: Send changes to the source itself.

alter table crm.customers add column x int;
! 42501 permission denied: ALTER is not possible, this gateway only reads
  hint: Send changes to the source itself.

grant select on crm.customers to mira;
! 42501 permission denied: GRANT is not possible, this gateway only reads
  hint: Send changes to the source itself.

copy crm.customers to '/tmp/x';
! 42501 permission denied: COPY to a file or program is not possible, this gateway only reads
  hint: Send changes to the source itself.

copy crm.customers from stdin;
! 42501 permission denied: COPY FROM is not possible, this gateway only reads
  hint: Send changes to the source itself.

copy crm.customers to program 'sh';
! 42501 permission denied: COPY to a file or program is not possible, this gateway only reads
  hint: Send changes to the source itself.

do 'begin end';
! 0A000 DO is not supported

call f();
! 0A000 CALL is not supported

vacuum;
! 0A000 VACUUM is not supported

reindex table crm.customers;
! 0A000 REINDEX is not supported

create external table loot stored as csv location '/etc/passwd';
! 42501 permission denied: CREATE is not possible, this gateway only reads
  hint: Send changes to the source itself.

create rule r as on select to t do instead nothing;
! 42501 permission denied: CREATE is not possible, this gateway only reads
  hint: Send changes to the source itself.

lock table crm.customers;
! 0A000 LOCK is not supported

select * from crm.customers for update;
! 42501 permission denied: SELECT FOR UPDATE or SHARE is not possible, this gateway only reads
  hint: Send changes to the source itself.

with gone as (delete from crm.customers returning *) select * from gone;
! 42501 permission denied: DELETE is not possible, this gateway only reads
  hint: Send changes to the source itself.

select * from '/etc/passwd';
! 42601 syntax error: a table's name stands in double quotes

select * from pg_read_file('/etc/passwd');
! 42883 @15 function pg_read_file(unknown) does not exist
  hint: No function of this name is allowed here.

select * from read_parquet('/etc/passwd');
! 42883 @15 function read_parquet(unknown) does not exist
  hint: No function of this name is allowed here.

select pg_sleep(1);
! 42883 @8 function pg_sleep(integer) does not exist
  hint: No function of this name is allowed here.

select set_config('row_security', 'off', false);
! 0A000 set_config is not supported
  hint: Use SET.

select lo_import('/etc/passwd');
! 42883 @8 function lo_import(unknown) does not exist
  hint: No function of this name is allowed here.

select dblink('x', 'y');
! 42883 @8 function dblink(unknown, unknown) does not exist
  hint: No function of this name is allowed here.

select 1; drop table crm.customers;
! 42501 permission denied: DROP is not possible, this gateway only reads
  hint: Send changes to the source itself.

-- Names: hidden is the same as absent.
select nosuch from crm.customers;
! 42703 @8 column "nosuch" does not exist

select c.nosuch from crm.customers as c;
! 42703 @8 column c.nosuch does not exist

select id,
       nosuch
from crm.customers;
! 42703 @19 column "nosuch" does not exist

select * from crm.nosuch;
! 42P01 @15 relation "crm.nosuch" does not exist

select * from nosuch.customers;
! 42P01 @15 relation "nosuch.customers" does not exist

select * from other.crm.customers;
! 0A000 @15 cross-database references are not implemented: "other.crm.customers"

select * from customers, countries where nope = 1;
! 42703 @42 column "nope" does not exist

select nosuch(1);
! 42883 @8 function nosuch(integer) does not exist
  hint: No function of this name is allowed here.

select x.id from crm.customers as c;
! 42P01 @8 missing FROM-clause entry for table "x"

-- as scout
-- The agent may not see this column, and is told what it would be told of any other name.
select internal_note from lake.tickets;
! 42703 @8 column "internal_note" does not exist

select internal_nope from lake.tickets;
! 42703 @8 column "internal_nope" does not exist

select count(*) from lake.tickets where internal_note like 'S%';
! 42703 @41 column "internal_note" does not exist

select count(*) from information_schema.columns where column_name like 'internal%';
0
= 1

select count(*) from pg_attribute where attname like 'internal%';
0
= 1

-- as tove
-- Syntax, with its place.
select 1 +;
! 42601 @11 syntax error at end of input

select * from crm.customers where;
! 42601 @34 syntax error at end of input

select * frm crm.customers;
! 42601 @14 syntax error at or near "crm"

selec 1;
! 42601 @1 syntax error at or near "selec"

select 'open;
! 42601 @8 unterminated string literal

select (1;
! 42601 @10 syntax error at end of input

-- Values, without the values.
select 'abc'::int;
! 22P02 @8 invalid input syntax for type integer

select 1 / 0;
! 22012 division by zero

select 99999999999::int;
! 22003 integer out of range

select 'x'::date;
! 22007 @8 invalid input syntax for type date

select '{'::json;
! 22P02 @8 invalid input syntax for type json

select count(*) from crm.customers group by nosuch;
! 42703 column "nosuch" does not exist

select id, count(*) from crm.customers;
! 42803 @8 column "crm.customers.id" must appear in the GROUP BY clause or be used in an aggregate function

select (select id from crm.customers);
! 21000 more than one row returned by a subquery used as an expression

select 1 union select 1, 2;
! 42601 @1 each UNION query must have the same number of columns

select id from crm.customers c join crm.countries k on c.country = k.code where code = id;
! 42883 operator does not exist: text = bigint
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.

-- What would grow without end.
with c0 as (select 1 x), c1 as (select a.x from c0 a, c0 b),
    c2 as (select a.x from c1 a, c1 b),
    c3 as (select a.x from c2 a, c2 b),
    c4 as (select a.x from c3 a, c3 b),
    c5 as (select a.x from c4 a, c4 b),
    c6 as (select a.x from c5 a, c5 b),
    c7 as (select a.x from c6 a, c6 b),
    c8 as (select a.x from c7 a, c7 b),
    c9 as (select a.x from c8 a, c8 b),
    c10 as (select a.x from c9 a, c9 b),
    c11 as (select a.x from c10 a, c10 b),
    c12 as (select a.x from c11 a, c11 b),
    c13 as (select a.x from c12 a, c12 b),
    c14 as (select a.x from c13 a, c13 b),
    c15 as (select a.x from c14 a, c14 b),
    c16 as (select a.x from c15 a, c15 b),
    c17 as (select a.x from c16 a, c16 b),
    c18 as (select a.x from c17 a, c17 b),
    c19 as (select a.x from c18 a, c18 b),
    c20 as (select a.x from c19 a, c19 b),
    c21 as (select a.x from c20 a, c20 b)
select count(*) from c21;
! 54001 statement is too complex
  hint: Long lists of conditions fit into one IN (…) or a join with VALUES.

select length(repeat('x', 100000000));
! 54000 the results of "repeat" are too large
  hint: A batch of rows may make 16 MiB of them.

select count(*) from crm.customers where repeat(region, 1000000) <> '';
! 54000 the results of "repeat" are too large
  hint: A batch of rows may make 16 MiB of them.

select count(*) from crm.customers where lpad(region, 1000000, 'y') <> '';
! 54000 the results of "lpad" are too large
  hint: A batch of rows may make 16 MiB of them.

select length(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal('''')))))))))))))))))))))))))));
! 54000 the results of "quote_literal" are too large
  hint: A batch of rows may make 16 MiB of them.

select count(*) from crm.customers
group by cube(id, id + 1, id + 2, id + 3, id + 4, id + 5, id + 6, id + 7, id + 8, id + 9, id + 10, id + 11, id + 12);
! 54011 CUBE is limited to 12 elements

select count(*) from crm.customers group by cube(id, region, country), cube(id, region, country),
    cube(id, region, country), cube(id, region, country), grouping sets (id, (region, country));
! 54001 too many grouping sets present (maximum 4096)

select levenshtein('a', 'b');
! 42883 @8 function levenshtein(unknown, unknown) does not exist
  hint: No function of this name is allowed here.

select 1;
1
= 1

declare c scroll cursor for select 1;
! 0A000 a cursor with SCROLL is not supported
  hint: Rows are read as they are fetched, and not kept: declare it without SCROLL.

declare c cursor with hold for select 1;
! 0A000 a cursor WITH HOLD is not supported
  hint: A cursor ends with its transaction: declare it without WITH HOLD.

declare c cursor for select 1;
! 25P01 DECLARE CURSOR can only be used in transaction blocks

fetch c;
! 34000 cursor "c" does not exist

close c;
! 34000 cursor "c" does not exist

declare c cursor for delete from crm.customers;
! 42501 permission denied: DELETE is not possible, this gateway only reads
  hint: Send changes to the source itself.

copy (select 1) to stdout (format xml);
! 22023 COPY format "xml" not recognized

copy crm.salaries to stdout;
! 42P01 @6 relation "crm.salaries" does not exist
