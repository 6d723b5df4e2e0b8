-- as ada
-- Nobody has set where names without a schema are looked for: in all schemas that the session sees.
show search_path;
crm, lake
= 0

select current_setting('search_path'), current_schema(), current_schemas(false), current_schemas(true);
crm, lake | crm | {crm,lake} | {pg_catalog,crm,lake}
= 1

select name, setting, source, boot_val, reset_val from pg_settings where name = 'search_path';
search_path | crm, lake | default | crm, lake | crm, lake
= 1

select count(*) from customers;
4424
= 1

set search_path = 'Odd, Name', CRM, "$user";
= 0

show search_path;
"Odd, Name", crm, "$user"
= 0

select current_setting('search_path'), current_schema(), current_schemas(false), current_schemas(true);
"Odd, Name", crm, "$user" | crm | {crm} | {pg_catalog,crm}
= 1

select setting, source, reset_val from pg_settings where name = 'search_path';
"Odd, Name", crm, "$user" | session | crm, lake
= 1

select count(*) from orders;
! 42P01 @22 relation "orders" does not exist

set search_path = '';
= 0

show search_path;
""
= 0

select current_schema(), current_schemas(false);
NULL | {}
= 1

select count(*) from customers;
! 42P01 @22 relation "customers" does not exist

set search_path = lake, pg_catalog;
= 0

select current_schema(), current_schemas(false), current_schemas(true);
lake | {lake,pg_catalog} | {lake,pg_catalog}
= 1

reset search_path;
= 0

show search_path;
crm, lake
= 0

begin;
= 0

set local search_path to hr;
= 0

show search_path;
hr
= 0

commit;
= 0

show search_path;
crm, lake
= 0

set search_path = default;
= 0

show search_path;
crm, lake
= 0
