CREATE SCHEMA billing;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN money_amount AS numeric(12, 2) NOT NULL;
CREATE DOMAIN small_amount AS money_amount CHECK (VALUE < 100);
CREATE DOMAIN feeling AS mood;
CREATE TYPE pair AS (a int, b int);
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

CREATE TABLE every_type (
    b bool NOT NULL, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8,
    n numeric, n12_2 numeric(12, 2), n38 numeric(38), n50_2 numeric(50, 2), n60_50 numeric(60, 50),
    n3_5 numeric(3, 5), n3_m2 numeric(3, -2),
    t text, v varchar, v3 varchar(3), c3 char(3), c "char", na name, ba bytea,
    d date, ti time, ts timestamp, tz timestamptz, iv interval, u uuid, j json, jb jsonb,
    e mood, dom money_amount, dom2 small_amount, dom3 feeling,
    ai int4[], at text[], an numeric(5, 1)[], ats timestamptz[], aa int4[][],
    t_c text COLLATE "C", t_nocase text COLLATE nocase,
    x_bits bit(3), x_inet inet, x_ttz timetz, x_pair pair, x_moods mood[], x_chars char(3)[],
    x_range int4range, x_point point, x_xml xml, x_money money
);
ALTER TABLE every_type DROP COLUMN i2;

CREATE TABLE "Größe ""x""" ("select" int PRIMARY KEY);
CREATE TABLE events (id int NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE VIEW looked_at AS SELECT i4, n FROM every_type;
CREATE MATERIALIZED VIEW kept AS SELECT i4 FROM every_type;
CREATE TABLE nothing ();
CREATE TABLE only_points (p point);
CREATE SEQUENCE numbers;
CREATE INDEX by_i4 ON every_type (i4);
CREATE TABLE billing.invoices (id int8 PRIMARY KEY, customer_org varchar(20) NOT NULL);
CREATE SCHEMA hidden;
CREATE TABLE hidden.secrets (a int);
