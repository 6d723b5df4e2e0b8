-- Takes away what an analyst of acme may not see. What is left, PostgreSQL itself can be asked for
-- the answers that the gateway should give.
DELETE FROM box.types WHERE org_id <> 'acme';
DELETE FROM box.arrays WHERE org_id <> 'acme';
DELETE FROM box.people WHERE org_id <> 'acme';
UPDATE box.people SET email = regexp_replace(email, '^(.)[^@]*', '\1***');
ALTER TABLE box.people DROP COLUMN note;
DROP TABLE box.secrets;
