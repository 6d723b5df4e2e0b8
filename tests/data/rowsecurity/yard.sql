CREATE SCHEMA yard;
GRANT USAGE ON SCHEMA yard TO PUBLIC;
SET search_path = yard;

CREATE TABLE clerks AS TABLE pier.clerks;
CREATE TABLE containers (
    id integer NOT NULL,
    zone integer NOT NULL,
    secrecy integer NOT NULL,
    consignor text NOT NULL,
    label text NOT NULL
) PARTITION BY RANGE (zone);
CREATE TABLE dry PARTITION OF containers FOR VALUES FROM (11) TO (12);
CREATE TABLE cold PARTITION OF containers FOR VALUES FROM (55) TO (56);
CREATE TABLE far PARTITION OF containers FOR VALUES FROM (99) TO (100);
INSERT INTO containers VALUES
    (1, 11, 1, 'bert', 'rope'), (2, 11, 2, 'bert', 'sailcloth'), (3, 99, 2, 'bert', 'maps'),
    (4, 55, 1, 'bert', 'herring'), (5, 99, 2, 'bert', 'charts'), (6, 11, 1, 'cleo', 'tar'),
    (7, 99, 2, 'cleo', 'sextants'), (8, 55, 2, 'cleo', 'ice'), (9, 11, 1, 'dora', 'pitch'),
    (10, 99, 2, 'dora', 'globes');
GRANT ALL ON clerks, containers, dry, cold, far TO PUBLIC;

ALTER TABLE containers ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_level ON containers
    USING (secrecy <= (SELECT level FROM clerks WHERE clerk = current_user));
CREATE POLICY near ON containers AS RESTRICTIVE TO dora USING (zone < 55);
-- The same of each row, looked up anew.
CREATE POLICY by_level_too ON containers AS RESTRICTIVE
    USING ((SELECT secrecy <= level FROM clerks WHERE clerk = current_user));

-- A partition has policies of its own. Of one with a restrictive policy alone, nothing is permitted.
ALTER TABLE far ENABLE ROW LEVEL SECURITY;
CREATE POLICY near ON far AS RESTRICTIVE USING (zone < 55);
