CREATE SCHEMA crew;
GRANT USAGE ON SCHEMA crew TO PUBLIC;
GRANT CREATE ON SCHEMA crew TO olga, bert;
SET search_path = crew;

SET SESSION AUTHORIZATION olga;
CREATE TABLE hands (a integer NOT NULL, b text NOT NULL);
CREATE TABLE watches (a integer NOT NULL, b text NOT NULL);
INSERT INTO hands VALUES (1, 'bosun'), (2, 'cook'), (3, 'mate'), (4, 'purser');
INSERT INTO watches VALUES (1, 'dog'), (2, 'middle');
GRANT SELECT ON hands, watches TO pilots, brokers, vera;
CREATE POLICY even ON hands TO pilots USING (a % 2 = 0);
CREATE POLICY odd ON hands TO brokers USING (a % 2 = 1);
ALTER TABLE hands ENABLE ROW LEVEL SECURITY;

-- The same with a list of those who are barred from it.
CREATE TABLE barred (a integer NOT NULL);
INSERT INTO barred VALUES (3), (4);
CREATE TABLE rota AS TABLE hands;
GRANT SELECT ON barred, rota TO pilots, brokers, vera;
CREATE POLICY even ON rota TO pilots USING (a % 2 = 0);
CREATE POLICY odd ON rota TO brokers USING (a % 2 = 1);
CREATE POLICY not_barred ON rota AS RESTRICTIVE USING (a NOT IN (SELECT a FROM barred));
ALTER TABLE rota ENABLE ROW LEVEL SECURITY;

-- Views by the table's owner, who is bound by none of its policies, and with the rights of who asks.
CREATE VIEW open_list AS SELECT * FROM hands;
GRANT SELECT ON open_list TO bert;
CREATE VIEW own_list WITH (security_invoker) AS SELECT * FROM hands;
CREATE VIEW rota_own_list WITH (security_invoker) AS SELECT * FROM rota;
GRANT SELECT ON own_list, rota_own_list TO bert, cleo;

-- Views by somebody whom the policies bind.
SET SESSION AUTHORIZATION bert;
CREATE VIEW pilots_list AS SELECT * FROM hands;
CREATE VIEW rota_list AS SELECT * FROM rota;
GRANT SELECT ON pilots_list, rota_list TO cleo;
RESET SESSION AUTHORIZATION;
