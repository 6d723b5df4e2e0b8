-- as ada
-- What a session may say: queries in each of their forms.
select 1, 'a', null;
1 | a | NULL
= 1

values (1, 'a'), (2, null) order by 1 desc;
2 | NULL
1 | a
= 2

table crm.countries order by code limit 2;
DE | Germany | continent | EUR
FR | France | continent | EUR
= 2

(table crm.countries order by code limit 1) union all table crm.countries order by 1 limit 3;
DE | Germany | continent | EUR
DE | Germany | continent | EUR
FR | France | continent | EUR
= 3

with c as (table crm.countries) table c order by code limit 1;
DE | Germany | continent | EUR
= 1

select id from crm.customers where id in (3, 5, 7) order by id;
3
5
7
= 3

with recursive n (i) as (values (1) union all select i + 1 from n where i < 4) select sum(i) from n;
10
= 1

select c.id, o.orders from (values (3), (5)) as c (id),
    lateral (select count(*) as orders from lake.orders where customer_id = c.id) as o order by 1;
3 | 115
5 | 99
= 2

select distinct on (region) region, code from crm.countries order by region, code desc;
continent | FR
isles | IE
north | SE
overseas | US
= 4

select 1>=-1, 2<>-1, 3*-1, 4 -+1;
t | t | -3 | 3
= 1

prepare named (int) as select id, name from crm.customers where id = $1;
= 0

execute named (3);
3 | F***
= 1

execute named;
! 42601 wrong number of parameters for prepared statement "named"
  detail: expected 1 parameters but got 0

execute named ('x');
! 22P02 invalid input syntax for type integer

deallocate named;
= 0

execute named (3);
! 26000 prepared statement "named" does not exist

-- A query is explained as its author knows it.
explain select id from crm.customers where name = 'x' and id > 5;
Projection: crm.customers.id
  Filter: crm.customers.name = 'x'::text
    TableScan: crm.customers projection=[id, name], full_filters=[crm.customers.id > 5]
= 0

explain table crm.countries;
TableScan: crm.countries projection=[code, name, region, currency]
= 0

explain analyze select 1;
! 42501 permission denied for EXPLAIN ANALYZE
  hint: EXPLAIN without ANALYZE shows the plan of your own query.

-- Settings: those that clients use, and no others.
show server_version;
15.0
= 0

set application_name = 'a transcript';
= 0

show application_name;
a transcript
= 0

set datestyle = 'ISO, DMY';
! 22023 invalid value for parameter "DateStyle": "ISO, DMY"
  hint: It is always "ISO, MDY" here.

reset application_name;
= 0

show nosuch;
! 42704 unrecognized configuration parameter "nosuch"

set nosuch = 1;
! 42704 unrecognized configuration parameter "nosuch"

set row_security = off;
! 42501 permission denied: "row_security" cannot be turned off

set role mira;
! 42501 permission denied to set a role

set session authorization mira;
! 42501 permission denied to set session authorization

select current_setting('row_security');
on
= 1

-- Who and where.
select current_user, session_user, current_database(), current_schema();
ada | ada | portcullis | crm
= 1

select version() like 'PostgreSQL 15%', pg_backend_pid() > 0;
t | t
= 1

-- Transactions.
begin;
= 0

select 1 / 0;
! 22012 division by zero

select 1;
! 25P02 current transaction is aborted, commands ignored until end of transaction block

commit;
= 0

select 1;
1
= 1

begin isolation level serializable read only;
= 0

end;
= 0

rollback;
= 0

-- The keys of a join are one column; of a masked column the mask is what joins.
select * from crm.countries c join (values ('DE', 1)) v (code, n) using (code);
DE | Germany | continent | EUR | 1
= 1

select count(*) > 1 from crm.customers c join (values ('F***')) v (name) using (name);
t
= 1

select c.name, v.name, name from crm.customers c natural full join (values (3, 'F***'), (0, 'X')) v (id, name) where id in (0, 3) order by id;
NULL | X | X
F*** | F*** | F***
= 2

-- Cursors go forward, within a transaction.
begin;
= 0

declare c no scroll cursor for select id, name from crm.customers order by id;
= 0

fetch 2 from c;
3 | F***
5 | E***
= 2

move 3 in c;
= 3

fetch relative 2 from c;
13 | N***
= 1

close c;
= 0

rollback;
= 0
