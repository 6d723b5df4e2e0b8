-- What lies behind the gateway: rows of two tenants, a column and a table that nobody may see.
CREATE SCHEMA box;

CREATE TABLE box.types (
    id integer PRIMARY KEY, org_id text NOT NULL,
    b boolean, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, n numeric(12,2),
    t text, v varchar(20), by bytea, d date, ti time, ts timestamp, tz timestamptz, iv interval,
    u uuid, j json, jb jsonb, ai integer[], at text[], an numeric(8,3)[]
);

INSERT INTO box.types VALUES
    (1, 'acme', true, 7, 70000, 7000000000, 1.5, 2.25, 1234.50, 'plain', 'short', '\x00ff10',
     '2024-02-29', '13:14:15.5', '2024-02-29 13:14:15.123456', '2024-02-29 13:14:15+02',
     '1 year 2 mons 3 days 04:05:06.5', 'c0ffee00-1234-4abc-8def-0123456789ab',
     '{"a": 1}', '{"b": [1, 2, null]}', '{1,NULL,3}', '{a,"b,c",NULL,""}', '{1.5,-2.25}'),
    (2, 'acme', false, -32768, -2147483648, -9223372036854775808, -0.0, 'NaN', -9999999999.99,
     E'tab\tline\n"quote" ü 漢 😀', '', '\x', '0001-01-01', '00:00:00', '0001-01-01 00:00:00',
     '0001-01-02 00:00:00+00', '-1 days -00:00:01', '00000000-0000-0000-0000-000000000000',
     '[]', '"text"', '{}', '{NULL}', '{}'),
    (3, 'acme', NULL, 32767, 2147483647, 9223372036854775807, 'Infinity', '-Infinity',
     9999999999.99, '', 'twenty characters ab', '\xdeadbeef', '9999-12-31', '23:59:59.999999',
     '9999-12-31 23:59:59.999999', '9999-12-30 23:59:59.999999+00', '0', NULL, 'null', 'null',
     '{2147483647}', '{"{}"}', '{0.001}'),
    (4, 'acme', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (5, 'other', true, 5, 5, 5, 5, 5, 5, 'hidden', 'hidden', '\x05', '2005-05-05', '05:05',
     '2005-05-05', '2005-05-05', '5 days', '55555555-5555-4555-8555-555555555555', '5', '5',
     '{5}', '{hidden}', '{5}');

CREATE TABLE box.arrays (
    id integer PRIMARY KEY, org_id text NOT NULL,
    b boolean[], i2 smallint[], i8 bigint[], f4 real[], f8 double precision[], v varchar(20)[],
    d date[], ts timestamp[], tz timestamptz[], u uuid[]
);

INSERT INTO box.arrays VALUES
    (1, 'acme', '{t,f,NULL}', '{7,-32768,32767}', '{7000000000,NULL,-9223372036854775808}',
     '{1.5,-0.25}', '{2.25,NULL,-1e300}', '{short,"b,c",NULL,""}', '{2024-02-29,NULL}',
     '{"2024-02-29 13:14:15.123456",NULL}', '{"2024-02-29 13:14:15+02",NULL}',
     '{c0ffee00-1234-4abc-8def-0123456789ab,NULL}'),
    (2, 'acme', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
    (3, 'acme', '{NULL}', '{NULL}', '{9223372036854775807}', '{Infinity,-Infinity,NaN}',
     '{Infinity,-Infinity,NaN}', '{"{}","\"q\""," x"}', '{0001-01-01,9999-12-31}',
     '{0001-01-01 00:00:00,9999-12-31 23:59:59.999999}',
     '{0001-01-02 00:00:00+00,9999-12-30 23:59:59.999999+00}',
     '{00000000-0000-0000-0000-000000000000}'),
    (4, 'acme', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (5, 'other', '{t}', '{5}', '{5}', '{5}', '{5}', '{hidden}', '{2005-05-05}', '{2005-05-05}',
     '{2005-05-05}', '{55555555-5555-4555-8555-555555555555}');

CREATE TABLE box.people (
    id integer PRIMARY KEY, org_id text NOT NULL, name varchar(40) NOT NULL, country text,
    email text, note text
);

INSERT INTO box.people VALUES
    (1, 'acme', 'Ines', 'CH', 'ines@example.com', 'likes tea'),
    (2, 'acme', 'Jon', 'IS', 'jon@example.org', NULL),
    (3, 'acme', 'Kim', NULL, NULL, 'on leave'),
    (4, 'other', 'Leo', 'CH', 'leo@example.net', 'not yours');

CREATE TABLE box.countries (code text PRIMARY KEY, name text NOT NULL);

INSERT INTO box.countries VALUES ('CH', 'Switzerland'), ('IS', 'Iceland');

CREATE TABLE box.secrets (id integer PRIMARY KEY, org_id text NOT NULL, secret text);

INSERT INTO box.secrets VALUES (1, 'acme', 'nobody reads this');

CREATE TABLE box.many (n integer PRIMARY KEY, org_id text NOT NULL);

INSERT INTO box.many SELECT n, 'acme' FROM generate_series(1, 20000) AS n;
