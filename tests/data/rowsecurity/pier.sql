CREATE SCHEMA pier;
GRANT USAGE ON SCHEMA pier TO PUBLIC;
SET search_path = pier;

CREATE TABLE clerks (clerk text PRIMARY KEY, level integer NOT NULL);
INSERT INTO clerks VALUES ('olga', 9), ('bert', 1), ('cleo', 2), ('dora', 3);

CREATE TABLE docks (dock integer PRIMARY KEY, trade text NOT NULL);
INSERT INTO docks VALUES (10, 'timber'), (20, 'grain'), (30, 'coal'), (40, 'wine');

-- Of secrecy 1 the lots are numbers, above it they are not; no two cargoes weigh the same.
CREATE TABLE cargoes (
    cargo integer PRIMARY KEY,
    dock integer REFERENCES docks,
    secrecy integer NOT NULL,
    consignor text NOT NULL,
    label text NOT NULL,
    lot text NOT NULL,
    tons integer NOT NULL
);
INSERT INTO cargoes VALUES
    (1, 10, 1, 'bert', 'oak', '101', 12),
    (2, 10, 2, 'bert', 'larch', 'K2', 15),
    (3, 20, 2, 'bert', 'rye', 'K3', 21),
    (4, 40, 1, 'bert', 'port', '104', 33),
    (5, 40, 2, 'bert', 'sherry', 'K5', 36),
    (6, 20, 1, 'cleo', 'barley', '106', 24),
    (7, 30, 2, 'cleo', 'coke', 'K7', 48),
    (8, 40, 1, 'cleo', 'madeira', '108', 30),
    (9, 20, 1, 'dora', 'oats', '109', 27),
    (10, 30, 2, 'dora', 'anthracite', 'K10', 45),
    (11, NULL, 1, 'bert', 'flotsam', '111', 18);
GRANT ALL ON clerks, docks, cargoes TO PUBLIC;

ALTER TABLE cargoes ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_level ON cargoes
    USING (secrecy <= (SELECT level FROM clerks WHERE clerk = current_user));
CREATE POLICY dry_docks ON cargoes AS RESTRICTIVE TO dora USING (dock <> 40 AND dock < 50);
CREATE POLICY no_wine ON cargoes AS RESTRICTIVE TO dora USING (dock <> 40);
