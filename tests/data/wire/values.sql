-- Prints values.txt: what PostgreSQL 15 makes of values, as text and as binary.
-- Run with: psql -X -q -A -t -F '	' -f values.sql
-- Columns: TimeZone, type, text, binary in hexadecimal.
set datestyle = 'ISO, MDY';
set intervalstyle = 'postgres';
set extra_float_digits = 1;
set bytea_output = 'hex';

create or replace function pg_temp.show(type text, value text) returns text language plpgsql as $$
declare
    shown text;
    sent text;
    sender text;
begin
    sender := case
        when type = 'char' then 'charsend' when type like '%[]' then 'array_send'
        when type in ('date', 'time', 'timestamp', 'timestamptz', 'interval', 'numeric', 'uuid',
                      'json', 'jsonb') then type || '_send'
        else type || 'send' end;
    execute format('select format(''%%s'', v), encode(%s(v), ''hex'') from (select %L::%s as v) as x', sender, value,
                   case type when 'char' then '"char"' else type end)
        into shown, sent;
    return concat_ws(E'\t', current_setting('TimeZone'), type, shown, sent);
end $$;

set timezone = 'UTC';
select pg_temp.show('bool', v) from unnest(array['true', 'false']) v;
select pg_temp.show('int2', v) from unnest(array['0', '-1', '32767', '-32768']) v;
select pg_temp.show('int4', v) from unnest(array['0', '-1', '2147483647', '-2147483648']) v;
select pg_temp.show('int8', v) from unnest(array['0', '9223372036854775807', '-9223372036854775808']) v;
select pg_temp.show('oid', v) from unnest(array['0', '16384', '4294967295']) v;
select pg_temp.show('float4', v) from unnest(array['0', '-0', '1', '-1.5', '0.1', '123456', '1234567', '999999.9', '1e6', '0.0001', '0.00001', '3.4028235e38', '1e-45', '16777216', '171863.125', '0.000244140625', '1e10', 'NaN', 'Infinity', '-Infinity']) v;
select pg_temp.show('float8', v) from unnest(array['0', '-0', '1', '-1.5', '0.1', '100', '0.3333333333333333', '123456789012345', '1234567890123456', '999999999999999.9', '1e15', '1e14', '0.0001', '0.00001', '1e23', '1e22', '5e-324', '1.7976931348623157e308', '9007199254740993', '2.5e-7', '1e100', '72057594037927936', '2.9802322387695312e-08', '5.9604644775390625e-08', '1.152921504606847e18', 'NaN', 'Infinity', '-Infinity']) v;
select pg_temp.show('numeric', v) from unnest(array['0', '0.00', '1', '-1', '0.1', '0.0001', '0.00001', '12345.678', '-9999.9999', '10000', '100000000', '1234567890123456789012345678', '99999999999999999999999999999999999999', '0.0000000001', '1.50', '-0.5', '20000.00020000', '-12345678901234567890.1234567890', '57896044618658097711785492504343953926634992332820282019728']) v;
select pg_temp.show('text', v) from unnest(array['', 'plain', 'Grüße, 世界 🙂', 'a"b\c', 'NULL']) v;
select pg_temp.show('varchar', v) from unnest(array['', 'x y']) v;
select pg_temp.show('name', v) from unnest(array['pg_class']) v;
select pg_temp.show('bytea', v) from unnest(array['\x', '\x00ff10', '\xdeadbeef']) v;
select pg_temp.show('date', v) from unnest(array['1970-01-01', '2000-01-01', '1969-12-31', '2024-02-29', '0001-01-01', '0001-12-31 BC', '0044-03-15 BC', '4713-01-01 BC', '9999-12-31', '10000-01-01', '294276-12-31', '5874897-12-31']) v;
select pg_temp.show('time', v) from unnest(array['00:00:00', '23:59:59.999999', '12:34:56.7', '01:02:03.000004', '24:00:00']) v;
select pg_temp.show('timestamp', v) from unnest(array['1970-01-01 00:00:00', '2000-01-01 00:00:00', '1969-12-31 23:59:59.999999', '2024-02-29 12:34:56.789', '0001-01-01 00:00:00', '0001-12-31 23:59:59 BC', '4713-01-01 00:00:00 BC', '9999-12-31 23:59:59.999999', '20240-01-01 01:00:00', '294246-12-31 23:59:59']) v;
select pg_temp.show('timestamptz', v) from unnest(array['1970-01-01 00:00:00+00', '2024-07-01 12:00:00+00', '0044-03-15 12:00:00+00 BC', '9999-12-31 23:59:59+00']) v;
select pg_temp.show('interval', v) from unnest(array['0', '1 year', '-1 year', '1 year 2 mons 3 days 04:05:06.789', '1 mon', '-1 mon +3 days', '-1 days +02:03:04', '1 day -00:00:01', '2 days', '1 day', '00:00:00.000001', '-00:00:01.5', '-14 mons -3 days -04:05:06', '13 mons', '100:00:00', '-1 year +1 day -01:00:00', '1 year -1 day', '178 years -11 mons', '9999 days 23:59:59.999999']) v;
select pg_temp.show('uuid', v) from unnest(array['00000000-0000-0000-0000-000000000000', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']) v;
select pg_temp.show('json', v) from unnest(array['{"a": [1, 2, null]}', '"x"']) v;
select pg_temp.show('jsonb', v) from unnest(array['{"a": [1, 2, null]}', '"x"']) v;
select pg_temp.show('char', v) from unnest(array['r', 'a']) v;
select pg_temp.show('int2[]', v) from unnest(array['{}', '{1,-2,3}']) v;
select pg_temp.show('int4[]', v) from unnest(array['{}', '{1}', '{1,NULL,3}', '{NULL}']) v;
select pg_temp.show('int8[]', v) from unnest(array['{1,9223372036854775807}']) v;
select pg_temp.show('bool[]', v) from unnest(array['{t,f,NULL}']) v;
select pg_temp.show('float8[]', v) from unnest(array['{1,0.5,NaN,-Infinity}']) v;
select pg_temp.show('float4[]', v) from unnest(array['{1.5,NULL,-Infinity}']) v;
select pg_temp.show('numeric[]', v) from unnest(array['{1.50,NULL,-20000.25}']) v;
select pg_temp.show('text[]', v) from unnest(array['{}', '{a,b}', '{"",NULL,"NULL","null","a b","a,b","{","}","a\"b","a\\b","é"}', '{" x"}']) v;
select pg_temp.show('varchar[]', v) from unnest(array['{a,"b c"}']) v;
select pg_temp.show('bytea[]', v) from unnest(array['{"\\x00ff","\\x"}']) v;
select pg_temp.show('date[]', v) from unnest(array['{2024-02-29,NULL,"0044-03-15 BC"}']) v;
select pg_temp.show('time[]', v) from unnest(array['{12:34:56.7}']) v;
select pg_temp.show('timestamp[]', v) from unnest(array['{"2024-02-29 12:34:56.789"}']) v;
select pg_temp.show('timestamptz[]', v) from unnest(array['{"2024-07-01 12:00:00+00",NULL}']) v;
select pg_temp.show('interval[]', v) from unnest(array['{"1 day",01:02:03}']) v;
select pg_temp.show('uuid[]', v) from unnest(array['{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}']) v;
select pg_temp.show('json[]', v) from unnest(array['{"{\"a\": 1}"}']) v;
select pg_temp.show('jsonb[]', v) from unnest(array['{"{\"a\": 1}",NULL}']) v;

set timezone = 'Europe/Berlin';
select pg_temp.show('timestamptz', v) from unnest(array['2024-07-01 12:00:00+00', '2024-01-01 12:00:00+00', '2024-03-31 00:59:59+00', '2024-03-31 01:00:00+00', '2024-10-27 00:59:59+00', '2024-10-27 01:00:00+00', '1800-01-01 00:00:00+00', '0044-03-15 12:00:00+00 BC', '2099-07-01 00:00:00+00', '2150-07-01 00:00:00+00', '9999-07-01 00:00:00+00', '2023-12-31 23:30:00+00']) v;
select pg_temp.show('timestamptz[]', v) from unnest(array['{"2024-07-01 12:00:00+00"}']) v;
set timezone = 'Asia/Kolkata';
select pg_temp.show('timestamptz', v) from unnest(array['2024-07-01 12:00:00+00', '1850-01-01 00:00:00+00']) v;
set timezone = 'America/St_Johns';
select pg_temp.show('timestamptz', v) from unnest(array['2024-07-01 12:00:00.5+00', '2024-01-01 12:00:00+00', '2000-01-01 01:00:00+00']) v;
set timezone = 'Pacific/Kiritimati';
select pg_temp.show('timestamptz', v) from unnest(array['2024-12-31 12:00:00+00', '9999-12-31 23:00:00+00']) v;
