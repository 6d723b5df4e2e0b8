CREATE SCHEMA hold;
GRANT USAGE ON SCHEMA hold TO PUBLIC;
SET search_path = hold;

CREATE TABLE bundles (a integer NOT NULL, b text NOT NULL);
INSERT INTO bundles SELECT n, CASE WHEN n % 2 = 0 THEN n::text ELSE 'wet' END
    FROM generate_series(0, 10) n;
CREATE POLICY even ON bundles USING (a % 2 = 0);
ALTER TABLE bundles ENABLE ROW LEVEL SECURITY;

CREATE TABLE pairs (a integer NOT NULL, b text NOT NULL);
INSERT INTO pairs VALUES (1, 'left'), (2, 'right');
CREATE TABLE more_pairs () INHERITS (pairs);
INSERT INTO more_pairs VALUES (3, 'left'), (4, 'right');
CREATE POLICY even ON pairs USING (a % 2 = 0);
ALTER TABLE pairs ENABLE ROW LEVEL SECURITY;

CREATE TABLE logbook (id integer NOT NULL, words text NOT NULL, reader text NOT NULL);
INSERT INTO logbook VALUES
    (1, 'calm', 'bert'), (2, 'gale', 'bert'), (3, 'squall', 'bert'), (4, 'fog', 'bert');
CREATE POLICY even ON logbook FOR SELECT USING (id % 2 = 0);
CREATE POLICY last ON logbook FOR UPDATE USING (id = 4);
ALTER TABLE logbook ENABLE ROW LEVEL SECURITY;
GRANT ALL ON bundles, pairs, logbook TO bert, vera;
