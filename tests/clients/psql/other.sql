\pset format unaligned
\pset tuples_only on
\dt
\dn
\d box.people
\d box.types
\d lake.visits
SELECT * FROM box.people ORDER BY id;
SELECT email FROM box.people;
SELECT count(*) FROM lake.visits;
-- what is not seen is not in the path
SHOW search_path;
SELECT current_setting('search_path') = string_agg(nspname, ', ' ORDER BY nspname), current_schemas(false) FROM pg_namespace WHERE nspname NOT LIKE 'pg%' AND nspname <> 'information_schema';
