-- The tables that the tests' catalog has too; see src/guard/system/tests.rs.
DROP SCHEMA public;
CREATE SCHEMA crm;
CREATE SCHEMA lake;
CREATE TABLE crm.customers (
    id int8 NOT NULL,
    org_id text NOT NULL,
    name text,
    email varchar,
    joined date,
    balance numeric(12, 2),
    active bool,
    tags text[],
    ref uuid,
    profile jsonb
);
CREATE TABLE crm."Odd Name" ("From" int4, "two words" text);
CREATE TABLE lake.events (
    at timestamptz NOT NULL,
    kind text,
    payload json,
    amount float8,
    score float4,
    small int2,
    lasted interval,
    raw bytea,
    noon time,
    local timestamp,
    numbers int4[]
);
ALTER DATABASE template0 IS_TEMPLATE false ALLOW_CONNECTIONS true;
ALTER DATABASE template1 IS_TEMPLATE false;
DROP DATABASE template0;
DROP DATABASE template1;
DROP DATABASE postgres;
DROP EXTENSION plpgsql;
ALTER ROLE portcullis NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
