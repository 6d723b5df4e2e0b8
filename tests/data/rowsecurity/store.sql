CREATE SCHEMA store;
GRANT USAGE ON SCHEMA store TO PUBLIC;
SET search_path = store;

-- Divided by houses of commerce, and by a policy beside that.
CREATE TABLE crates (id integer NOT NULL, org_id text, level integer NOT NULL, code text NOT NULL);
INSERT INTO crates VALUES
    (1, 'quay', 1, '11'), (2, 'quay', 2, '12'), (3, 'wharf', 1, 'other house'),
    (4, NULL, 1, 'nobody''s'), (5, 'Quay', 1, 'looks alike'), (6, 'quay', 3, '13');
CREATE POLICY house ON crates AS RESTRICTIVE USING (org_id COLLATE "C" = 'quay');
CREATE POLICY by_level ON crates USING (
    level <= CASE current_user WHEN 'bert' THEN 1 WHEN 'cleo' THEN 2 WHEN 'dora' THEN 3 ELSE 0 END
);
ALTER TABLE crates ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON crates TO bert, cleo, dora;
