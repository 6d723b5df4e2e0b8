CREATE SCHEMA gauge;
GRANT USAGE ON SCHEMA gauge TO PUBLIC;
SET search_path = gauge;

-- Ten rows of each number, with statistics from which a planner could learn them.
CREATE TABLE marks (a integer NOT NULL);
INSERT INTO marks SELECT n / 10 FROM generate_series(1, 100) n;
CREATE TABLE low_marks () INHERITS (marks);
INSERT INTO low_marks SELECT n / 10 FROM generate_series(1, 30) n;
CREATE TABLE high_marks () INHERITS (marks);
INSERT INTO high_marks SELECT n / 10 FROM generate_series(40, 100) n;
CREATE TABLE shut_marks AS TABLE marks;
CREATE TABLE depths (a integer NOT NULL) PARTITION BY RANGE (a);
CREATE TABLE all_depths PARTITION OF depths FOR VALUES FROM (-100) TO (100);
INSERT INTO depths SELECT n / 10 FROM generate_series(1, 100) n;
CREATE TABLE readings (id integer NOT NULL, words text NOT NULL, reader text NOT NULL);
INSERT INTO readings VALUES
    (1, 'ebb', 'bert'), (2, 'flood', 'bert'), (3, 'slack', 'bert'), (4, 'neap', 'bert');
ANALYZE marks, low_marks, high_marks, shut_marks, depths, all_depths, readings;

CREATE POLICY below ON marks USING (a < 0);
ALTER TABLE marks ENABLE ROW LEVEL SECURITY;
CREATE POLICY below ON high_marks USING (a < 0);
ALTER TABLE high_marks ENABLE ROW LEVEL SECURITY;
CREATE POLICY below ON depths USING (a < 0);
ALTER TABLE depths ENABLE ROW LEVEL SECURITY;
CREATE POLICY below ON all_depths USING (a < 0);
ALTER TABLE all_depths ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON readings FOR SELECT USING (id % 2 = 0);
ALTER TABLE readings ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON marks, low_marks, high_marks, depths, all_depths, readings TO PUBLIC;
