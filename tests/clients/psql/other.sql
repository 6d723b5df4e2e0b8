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
