CREATE SCHEMA relay;
GRANT USAGE ON SCHEMA relay TO PUBLIC;
SET search_path = relay;

CREATE TABLE slots (c text NOT NULL);
INSERT INTO slots VALUES ('for all'), ('hidden from bert');
CREATE POLICY all_of_it ON slots FOR SELECT TO cleo USING (true);
CREATE POLICY some_of_it ON slots FOR SELECT TO bert USING (c = 'for all');
ALTER TABLE slots ENABLE ROW LEVEL SECURITY;
CREATE VIEW seen_slots WITH (security_invoker) AS SELECT * FROM slots;
GRANT SELECT ON slots, seen_slots TO bert, cleo;
