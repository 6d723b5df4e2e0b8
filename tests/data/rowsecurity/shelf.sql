CREATE SCHEMA shelf;
GRANT USAGE ON SCHEMA shelf TO PUBLIC;
SET search_path = shelf;

CREATE TABLE logs (a integer NOT NULL, b text NOT NULL);
INSERT INTO logs SELECT n, CASE WHEN n % 2 = 0 THEN n::text ELSE 'torn' END
    FROM generate_series(0, 20) n;
CREATE POLICY even ON logs USING (a % 2 = 0);
ALTER TABLE logs ENABLE ROW LEVEL SECURITY;

CREATE TABLE berths (id integer NOT NULL, master text NOT NULL, note text NOT NULL);
INSERT INTO berths VALUES
    (1, 'Ames', 'first'), (2, 'Boyd', 'first'), (3, 'Ames', 'second'), (4, 'Ames', 'third'),
    (5, 'Cray', 'first');
CREATE POLICY even ON berths USING (id % 2 = 0);
ALTER TABLE berths ENABLE ROW LEVEL SECURITY;

CREATE TABLE remarks (berth integer NOT NULL, words text NOT NULL);
INSERT INTO remarks VALUES
    (1, 'well kept'), (1, 'deep'), (3, 'silted'), (5, 'narrow'), (4, 'calm'), (2, 'exposed');
CREATE TABLE kept_remarks AS TABLE remarks;
CREATE POLICY early ON kept_remarks USING (berth < 4);
ALTER TABLE kept_remarks ENABLE ROW LEVEL SECURITY;
GRANT ALL ON logs, berths, remarks, kept_remarks TO PUBLIC;
