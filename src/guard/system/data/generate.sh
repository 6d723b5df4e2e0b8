#!/bin/sh
# Writes the data files of this folder: facts about the objects that every PostgreSQL 15 database
# holds. Takes the connection string of a fresh PostgreSQL 15 database with `--locale=C`:
#
#     ./generate.sh "host=127.0.0.1 port=5432 user=postgres dbname=postgres"
set -eu
cd "$(dirname "$0")"
pg() { psql -XAt -v ON_ERROR_STOP=1 -d "$CONNECTION" -c "$1"; }
CONNECTION=$1

# One relation a line: schema|name|oid|kind|columns. A column is its name and type, `!` where it
# cannot be NULL, and `@C` where its collation is "C" although its type's is not. What tells of
# other people, of the machine or of the rows of tables is left out.
pg "
SELECT concat_ws('|', n.nspname, c.relname, c.oid, c.relkind,
         string_agg(a.attname || ' ' || t.typname
             || CASE WHEN a.attnotnull THEN '!' ELSE '' END
             || CASE WHEN a.attcollation = 950 AND t.typcollation <> 950 THEN '@C' ELSE '' END,
             ',' ORDER BY a.attnum))
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v')
  AND c.relname NOT IN ('pg_authid', 'pg_shadow', 'pg_hba_file_rules', 'pg_ident_file_mappings',
      'pg_file_settings', 'pg_config', 'pg_statistic', 'pg_statistic_ext_data', 'pg_stats',
      'pg_stats_ext', 'pg_stats_ext_exprs', 'pg_largeobject', 'pg_shmem_allocations',
      'pg_backend_memory_contexts')
GROUP BY n.nspname, c.relname, c.oid, c.relkind
ORDER BY n.nspname DESC, c.relname COLLATE \"C\"" > relations.txt

csv() { pg "COPY ($2) TO STDOUT (FORMAT csv, HEADER)" > "$1.csv"; }

# Types that are not the rows of a table, nor arrays of such.
csv pg_type "
SELECT oid, typname, typnamespace, typlen, typbyval, typtype, typcategory, typispreferred, typdelim,
       typsubscript::oid, typelem, typarray, typinput::oid, typoutput::oid, typreceive::oid,
       typsend::oid, typmodin::oid, typmodout::oid, typalign, typstorage, typnotnull, typbasetype, typtypmod, typcollation
FROM pg_type t
WHERE typrelid = 0
  AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typrelid <> 0)
ORDER BY oid"
csv pg_proc "
SELECT oid, proname, prolang, provariadic, prokind, prosecdef, proleakproof, proisstrict, proretset,
       provolatile, proparallel, pronargs, pronargdefaults, prorettype, proargtypes,
       proallargtypes, proargmodes, proargnames
FROM pg_proc WHERE pronamespace = 11 ORDER BY oid"
csv pg_operator "
SELECT oid, oprname, oprkind, oprcanmerge, oprcanhash, oprleft, oprright, oprresult, oprcom,
       oprnegate, oprcode::oid, oprrest::oid, oprjoin::oid
FROM pg_operator ORDER BY oid"
csv pg_cast "SELECT oid, castsource, casttarget, castfunc, castcontext, castmethod FROM pg_cast ORDER BY oid"
csv pg_range "SELECT rngtypid, rngsubtype, rngmultitypid, rngcollation, rngsubopc, rngcanonical::oid,
       rngsubdiff::oid FROM pg_range ORDER BY rngtypid"
csv pg_am "SELECT oid, amname, amhandler::oid, amtype FROM pg_am ORDER BY oid"
csv pg_language "SELECT oid, lanname, lanowner, lanispl, lanpltrusted, lanplcallfoid, laninline, lanvalidator
FROM pg_language WHERE lanname IN ('internal', 'c', 'sql') ORDER BY oid"
csv pg_tablespace "SELECT oid, spcname FROM pg_tablespace ORDER BY oid"
csv pg_collation "
SELECT oid, collname, collprovider, collisdeterministic, collencoding, collcollate, collctype
FROM pg_collation WHERE collname IN ('default', 'C', 'POSIX') ORDER BY oid"
csv pg_opclass "
SELECT oid, opcmethod, opcname, opcfamily, opcintype, opcdefault, opckeytype
FROM pg_opclass ORDER BY oid"
