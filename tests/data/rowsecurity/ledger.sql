CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ledger TO PUBLIC;
GRANT CREATE ON SCHEMA ledger TO bert;
SET search_path = ledger;

CREATE TABLE tallies (x integer NOT NULL, y text NOT NULL);
INSERT INTO tallies SELECT x, 't' || x * x FROM generate_series(-6, 6) x;
ALTER TABLE tallies ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON tallies USING (x % 2 = 0);
GRANT SELECT ON tallies TO bert, vera;

SET SESSION AUTHORIZATION bert;
CREATE VIEW small AS SELECT * FROM tallies WHERE y LIKE 't1%';
RESET SESSION AUTHORIZATION;

-- A policy that asks a table with policies, and one that asks a view of it.
CREATE TABLE accounts (a integer NOT NULL, b text NOT NULL);
INSERT INTO accounts SELECT x, CASE WHEN abs(x) = 2 THEN x::text ELSE 'none' END
    FROM generate_series(-10, 10) x;
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY listed ON accounts USING (a IN (SELECT x FROM tallies WHERE y LIKE 't4%'));

CREATE TABLE journals AS SELECT a, CASE WHEN abs(a) = 4 THEN a::text ELSE 'none' END AS b FROM accounts;
ALTER TABLE journals ENABLE ROW LEVEL SECURITY;
CREATE POLICY listed ON journals USING (a IN (SELECT x FROM small));
GRANT SELECT ON accounts, journals TO bert, vera;

-- For somebody who may read neither the table nor what its policy asks.
SET SESSION AUTHORIZATION bert;
CREATE VIEW lent AS SELECT * FROM accounts;
GRANT SELECT ON lent TO cleo;
RESET SESSION AUTHORIZATION;
