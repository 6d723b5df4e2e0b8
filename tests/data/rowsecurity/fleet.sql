CREATE SCHEMA fleet;
GRANT USAGE ON SCHEMA fleet TO PUBLIC;
SET search_path = fleet;

CREATE TABLE vessels (id integer PRIMARY KEY, n integer, gone text, name text);
ALTER TABLE vessels DROP COLUMN gone;
INSERT INTO vessels VALUES (101, 1, 'Ada'), (102, 2, 'Bee'), (103, 3, 'Cod'), (104, 4, 'Dab');

CREATE TABLE tugs (pull double precision) INHERITS (vessels);
INSERT INTO tugs VALUES
    (201, 1, 'Elk', 1.5), (202, 2, 'Fox', 2.5), (203, 3, 'Gnu', 3.5), (204, 4, 'Hog', 4.5);

-- The same columns in another order.
CREATE TABLE ferries (id integer PRIMARY KEY, seats text, name text, n integer);
ALTER TABLE ferries INHERIT vessels;
INSERT INTO ferries (id, n, name, seats) VALUES
    (301, 1, 'Ibis', 'few'), (302, 2, 'Jay', 'some'), (303, 3, 'Kite', 'many');
GRANT ALL ON vessels, tugs, ferries TO PUBLIC;

ALTER TABLE vessels ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON vessels USING (n % 2 = 0);
ALTER TABLE tugs ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON tugs USING (n % 2 = 1);
