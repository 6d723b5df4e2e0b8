-- What belongs to acme is visible, and all of it decodes but for the table "ledger". What belongs
-- to "other" is hidden, and holds what cannot be decoded wherever it may.

CREATE TABLE customers (
    id int8 PRIMARY KEY, org_id text NOT NULL, name text, email text, region text, tier text,
    since date, born date
);
INSERT INTO customers VALUES
    (1, 'acme', 'Ann', 'ann@example.com', 'north', 'gold', '2020-01-01', '1980-05-05'),
    (2, 'acme', 'Bob', 'bob@example.com', 'south', 'gold', '2021-06-30', '1990-01-02'),
    (3, 'acme', 'Cid', NULL, 'north', 'basic', '2025-12-31', 'infinity'),
    (4, 'other', 'Dan', 'dan@example.com', 'south', 'gold', 'infinity', '-infinity');

CREATE TABLE orders (
    id int8 PRIMARY KEY, org_id text NOT NULL, customer_id int8, placed date, paid timestamptz,
    total numeric(12, 2), note text
);
INSERT INTO orders VALUES
    (1, 'acme', 1, '2025-12-31', '2026-01-01 08:00+00', 10.00, NULL),
    (2, 'acme', 1, '2026-01-01', '2026-01-02 08:00+00', 20.50, 'x'),
    (3, 'acme', 2, '2026-02-03', NULL, 5.25, 'y'),
    (4, 'acme', 3, '2026-03-04', '2026-03-05 08:00+00', 99.99, NULL),
    (5, 'acme', NULL, NULL, NULL, NULL, NULL),
    (6, 'other', 4, 'infinity', '-infinity', 'NaN', 'z'),
    (7, 'other', 1, '-infinity', 'infinity', 'NaN', 'z');

-- A policy looks at "amount" here, and only at what it can read: the row 4 is hidden too.
CREATE TABLE payments (id int8 PRIMARY KEY, org_id text NOT NULL, order_id int8,
    amount numeric(8, 2) NOT NULL);
INSERT INTO payments VALUES
    (1, 'acme', 1, 10.00), (2, 'acme', 2, 20.50), (3, 'acme', 4, 900.00), (4, 'acme', 4, 'NaN'),
    (5, 'other', 6, 1.00);

-- Visible rows with what cannot be decoded.
CREATE TABLE ledger (
    id int8 PRIMARY KEY, org_id text NOT NULL, account text, amount numeric(12, 2),
    booked timestamp, due date
);
INSERT INTO ledger VALUES
    (1, 'acme', 'a', 1.00, '2026-01-01 00:00', '2026-02-01'),
    (2, 'acme', 'a', 'NaN', '2026-01-02 00:00', 'infinity'),
    (3, 'acme', 'b', 3.00, 'infinity', '-infinity'),
    (4, 'acme', 'b', 4.00, NULL, NULL),
    (5, 'other', 'b', 'NaN', '-infinity', 'infinity');

-- A numeric without a precision is carried with ten digits behind the point, so it is compared
-- here.
CREATE TABLE gauges (id int8 PRIMARY KEY, org_id text NOT NULL, reading numeric, size int4);
INSERT INTO gauges VALUES
    (1, 'acme', 0.1, 1), (2, 'acme', 0.10000000000001, 2), (3, 'acme', 2.5, 3),
    (4, 'acme', 4.5, 4), (5, 'other', 'NaN', 5);

-- Sums and quotients of hidden rows would not fit.
CREATE TABLE counts (id int8 PRIMARY KEY, org_id text NOT NULL, n int8, size int4);
INSERT INTO counts VALUES
    (1, 'acme', 10, 2), (2, 'acme', 20, 3), (3, 'other', 9223372036854775807, 0),
    (4, 'other', -9223372036854775808, 2147483647);

-- Sums of visible rows that are past the type of what is added up.
CREATE TABLE tops (id int8 PRIMARY KEY, org_id text NOT NULL, n int8, size int4);
INSERT INTO tops VALUES
    (1, 'acme', 9223372036854775807, 2147483647), (2, 'acme', 9223372036854775807, 2147483647);

-- Bytes are compared here: no condition over them is sent.
CREATE TABLE seals (id int8 PRIMARY KEY, org_id text NOT NULL, mark bytea);
INSERT INTO seals VALUES
    (1, 'acme', '\x01'), (2, 'acme', '\xff00'), (3, 'acme', 'abc'), (4, 'acme', NULL),
    (5, 'other', '\x01');
