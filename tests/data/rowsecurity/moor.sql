CREATE SCHEMA moor;
GRANT USAGE ON SCHEMA moor TO PUBLIC;
SET search_path = moor;

CREATE TABLE docks AS TABLE pier.docks;
CREATE TABLE cargoes AS TABLE pier.cargoes;
GRANT ALL ON docks, cargoes TO PUBLIC;

ALTER TABLE cargoes ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_consignor ON cargoes USING (consignor = current_user);

ALTER TABLE docks ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_person ON docks USING (
    CASE WHEN current_user = 'bert' THEN dock IN (10, 30)
         WHEN current_user = 'cleo' THEN dock IN (20, 40)
         ELSE false END
);
