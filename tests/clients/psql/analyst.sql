\pset format unaligned
\pset tuples_only on
\dt
\dn
\d box.people
\d lake.visits
\d box.secrets
\df
\pset tuples_only off
SELECT * FROM box.people ORDER BY id;
SELECT p.name, c.name AS country, count(v.at) AS visits FROM box.people p LEFT JOIN box.countries c ON c.code = p.country LEFT JOIN lake.visits v ON v.person = p.id GROUP BY 1, 2 ORDER BY 1;
-- what is not there, and what is not to be seen, are the same
SELECT * FROM box.secrets;
SELECT * FROM box.nothing;
SELECT note FROM box.people;
SELECT nothing FROM box.people;
SELEC 1;
SELECT 1 / 0;
INSERT INTO box.people VALUES (9);
BEGIN;
SELECT 1 / 0;
SELECT 1;
COMMIT;
BEGIN;
SELECT count(*) FROM box.people;
END;
ROLLBACK;
PREPARE named (integer) AS SELECT name FROM box.people WHERE id = $1;
EXECUTE named (2);
DEALLOCATE named;
EXECUTE named (2);
\set who 3
SELECT name FROM box.people WHERE id = :who;
SELECT name AS first FROM box.people WHERE id = 1 \gset
SELECT id FROM box.people WHERE name = :'first';
SHOW server_version_num;
SHOW search_path;
SET search_path TO lake;
SELECT count(*) FROM visits;
SELECT current_user, current_database();
-- psql reads long results with a cursor of its own, and copies into files
\set FETCH_COUNT 2
SELECT id, name, email FROM box.people ORDER BY id;
SELECT * FROM box.secrets;
\unset FETCH_COUNT
\copy (SELECT id, name, email FROM box.people ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)
\copy box.countries (code) TO STDOUT
\copy (SELECT * FROM box.secrets) TO STDOUT
