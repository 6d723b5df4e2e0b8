-- SQLite keeps any text in a column of numbers.
CREATE TABLE tickets (id integer PRIMARY KEY, org_id text NOT NULL, points integer);
INSERT INTO tickets VALUES (1, 'acme', 5), (2, 'acme', 7), (3, 'other', 'nine');
CREATE TABLE notes (id integer PRIMARY KEY, org_id text NOT NULL, points integer);
INSERT INTO notes VALUES (1, 'acme', 5), (2, 'acme', 'seven'), (3, 'other', 'nine');
