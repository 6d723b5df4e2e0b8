CREATE SCHEMA seal;
GRANT USAGE ON SCHEMA seal TO PUBLIC;
SET search_path = seal;

-- The mark of a row that some policy lets through is its number.
CREATE TABLE seals (n integer NOT NULL, mark text NOT NULL);
INSERT INTO seals
    SELECT n, CASE WHEN n % 2 = 0 OR n % 3 = 0 THEN n::text ELSE 'wax ' || n END
    FROM generate_series(0, 20) n;
CREATE POLICY twos ON seals USING (n % 2 = 0);
CREATE POLICY threes ON seals USING (n % 3 = 0);
CREATE POLICY fours ON seals USING (n % 4 = 0);
ALTER TABLE seals ENABLE ROW LEVEL SECURITY;

CREATE TABLE slips (mark text NOT NULL);
INSERT INTO slips VALUES ('6'), ('wax 7'), ('9');
GRANT SELECT ON seals, slips TO PUBLIC;
