CREATE TABLE people (id INTEGER, org_id TEXT, region TEXT, email TEXT, salary INTEGER);
CREATE VIEW seen AS SELECT * FROM people;
