CREATE SCHEMA vault;
GRANT USAGE ON SCHEMA vault TO PUBLIC;
SET search_path = vault;

-- Without a policy nothing is permitted; with one that is false, neither.
CREATE TABLE chests (a integer NOT NULL, b text NOT NULL);
INSERT INTO chests VALUES (1, 'gold'), (2, 'letters');
ALTER TABLE chests ENABLE ROW LEVEL SECURITY;

CREATE TABLE shut (a integer NOT NULL);
INSERT INTO shut VALUES (10), (20);
CREATE POLICY never ON shut USING (false);
ALTER TABLE shut ENABLE ROW LEVEL SECURITY;
ALTER TABLE shut FORCE ROW LEVEL SECURITY;
GRANT ALL ON chests, shut TO PUBLIC;
