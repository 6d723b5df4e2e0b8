"""psycopg 3: types in both formats, parameters, prepared statements, transactions, cancel."""

import datetime as dt
import decimal
import sys
import threading
import uuid

import psycopg
from psycopg import sql
from psycopg.types.json import Json, Jsonb

connection = psycopg.connect(sys.argv[1], autocommit=True)
connection.execute("SET TimeZone = 'UTC'")


def title(text):
    print(f"\n-- {text}")


def shown(value):
    return f"{type(value).__name__} {value!r}"


def attempt(work):
    try:
        return work()
    except (psycopg.Error, psycopg.DataError) as error:
        return f"{type(error).__name__} {error.sqlstate}"


COLUMNS = [
    "b", "i2", "i4", "i8", "f4", "f8", "n", "t", "v", "by", "d", "ti", "ts", "tz", "iv", "u",
    "j", "jb", "ai", "at", "an",
]
ARRAYS = ["b", "i2", "i8", "f4", "f8", "v", "d", "ts", "tz", "u"]

for name, binary in ("text", False), ("binary", True):
    for table, columns in ("types", COLUMNS), ("arrays", ARRAYS):
        title(f"{table}, {name}")
        for column in columns:
            query = sql.SQL("SELECT {} FROM {} ORDER BY id").format(
                sql.Identifier(column), sql.Identifier("box", table)
            )
            with connection.cursor(binary=binary) as cursor:
                cursor.execute(query)
                described = cursor.description[0]
                print(column, described.type_code)
                # One row after the other: what Python cannot hold spoils no other value.
                for row in range(4):
                    print("  ", attempt(lambda: shown(cursor.fetchone()[0])))
                    cursor.scroll(row + 1, mode="absolute") if row < 3 else None

title("parameters")
PARAMETERS = [
    ("b", True), ("i2", 7), ("i4", 70000), ("i8", 7_000_000_000), ("f4", 1.5), ("f8", 2.25),
    ("n", decimal.Decimal("1234.50")), ("t", "plain"), ("v", "short"), ("by", b"\x00\xff\x10"),
    ("d", dt.date(2024, 2, 29)), ("ti", dt.time(13, 14, 15, 500000)),
    ("ts", dt.datetime(2024, 2, 29, 13, 14, 15, 123456)),
    ("tz", dt.datetime(2024, 2, 29, 11, 14, 15, tzinfo=dt.timezone.utc)),
    ("u", uuid.UUID("c0ffee00-1234-4abc-8def-0123456789ab")),
]
for column, value in PARAMETERS:
    for mark in "%s", "%t", "%b":
        query = sql.SQL("SELECT id FROM box.types WHERE {} = " + mark).format(
            sql.Identifier(column)
        )
        print(column, mark, attempt(lambda: connection.execute(query, [value]).fetchall()))
for value in True, 1, 70000, 7_000_000_000, 1.5, decimal.Decimal("1.0123456789"), b"\x00", [1, 2], ["a", None], PARAMETERS[-1][1], Json({"a": [1]}), Jsonb({"b": None}):
    row = attempt(lambda: connection.execute("SELECT %s", [value]).fetchone())
    print(shown(value), "->", row)
print(connection.execute("SELECT %s::text", ["ü"]).fetchone())
print(connection.execute("SELECT %s::interval", [dt.timedelta(days=1, seconds=2)]).fetchone())
print(connection.execute("SELECT id FROM box.types WHERE id = ANY(%s) ORDER BY id", [[1, 3, 5]]).fetchall())
print(connection.execute("SELECT %s::int IS NULL", [None]).fetchone())

title("prepared")
for key in 1, 2, 3, 4, 5:
    query = "SELECT name FROM box.people WHERE id = %s"
    print(key, connection.execute(query, [key], prepare=True).fetchone())
with connection.cursor() as cursor:
    cursor.executemany("SELECT count(*) FROM box.people WHERE id > %s", [(0,), (2,)], returning=True)
    print([result.fetchall() for result in cursor.results()])

title("pipeline")
with connection.pipeline():
    first = connection.execute("SELECT 1 + 1")
    second = connection.execute("SELECT count(*) FROM box.many")
print(first.fetchone(), second.fetchone())

title("streamed")
with connection.cursor() as cursor:
    total = sum(n for (n,) in cursor.stream("SELECT n FROM box.many"))
print(total)

title("cursors of the server")
with connection.transaction():
    for binary in False, True:
        with connection.cursor(name="rows", binary=binary) as cursor:
            cursor.execute("SELECT n, n::text AS t FROM box.many WHERE n > %s ORDER BY n", [3])
            print([column.name for column in cursor.description])
            print(cursor.fetchone(), cursor.fetchmany(2), cursor.pgresult.fformat(0))
            cursor.scroll(5)
            print(cursor.fetchone(), len(cursor.fetchall()), cursor.fetchall())
for statement in (
    "FETCH nothing", "CLOSE nothing", "DECLARE c CURSOR FOR SELECT 1",
    "BEGIN; DECLARE c CURSOR FOR SELECT 1; DECLARE c CURSOR FOR SELECT 2",
    "BEGIN; DECLARE c NO SCROLL CURSOR FOR SELECT 1; FETCH c; FETCH PRIOR FROM c",
    "BEGIN; DECLARE c NO SCROLL CURSOR FOR SELECT 1; MOVE BACKWARD IN c",
    "BEGIN; DECLARE c CURSOR FOR SELECT * FROM box.nothing", "DECLARE c FOR SELECT 1", "CLOSE",
    "FETCH ABSOLUTE c", "FETCH 99999999999 c", "FETCH", "MOVE FORWARD x y c",
):
    print(statement, attempt(lambda: connection.execute(statement)))
    if connection.info.transaction_status.name != "IDLE":
        connection.execute("ROLLBACK")
with connection.transaction():
    connection.execute(
        'DECLARE "a B" ASENSITIVE NO SCROLL CURSOR WITHOUT HOLD FOR '
        "SELECT n FROM box.many ORDER BY n LIMIT 9"
    )
    for statement in (
        "FETCH 0", "FETCH", "MOVE", "FETCH FORWARD FROM", "FETCH FORWARD 1 IN", "FETCH RELATIVE 1",
        "FETCH +1", "FETCH ABSOLUTE 8 IN", "MOVE FORWARD ALL IN", "FETCH NEXT FROM", "MOVE ALL",
    ):
        cursor = connection.execute(statement + ' "a B"')
        rows = cursor.fetchall() if cursor.description else None
        print(statement, cursor.statusmessage, rows)
    print(connection.execute("CLOSE ALL").statusmessage)

title("copy")


def copied(statement):
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        return b"".join(copy)


TYPES = "(SELECT * FROM box.types ORDER BY id)"
OTHERS = (
    "(SELECT t FROM box.types ORDER BY id)", "(SELECT * FROM box.arrays ORDER BY id)",
    "(SELECT 1 AS one, NULL WHERE false)",
)
FORMS = (
    "", "(FORMAT text, NULL '', DELIMITER '|')", "(FORMAT text, HEADER)", "(FORMAT csv)",
    "CSV HEADER", "(FORMAT csv, HEADER true, FORCE_QUOTE *, NULL 'nil')",
    "(FORMAT csv, QUOTE '''', ESCAPE E'\\\\', NULL '~')", "DELIMITER 'X' NULL AS 'N'",
    "(FORMAT binary)", "BINARY",
)
with connection.cursor() as cursor:
    for options in FORMS:
        for query in (TYPES, *OTHERS):
            with cursor.copy(f"COPY {query} TO STDOUT {options}") as copy:
                print(query, options, [bytes(data) for data in copy])
            print(cursor.statusmessage)
    with cursor.copy(f"COPY {OTHERS[0]} TO STDOUT (FORMAT binary)") as copy:
        copy.set_types(["text"])
        print(list(copy.rows()))
    with cursor.copy("COPY (SELECT n FROM box.many) TO STDOUT") as copy:
        print(sum(int(data) for data in copy), cursor.rowcount)
for options in (
    "(FORMAT csv, FORCE_QUOTE (t, v), DELIMITER ';')",
    "WITH CSV DELIMITER AS 't' QUOTE AS 'q' ESCAPE AS 'e' FORCE QUOTE v",
):
    print(options, copied(f"COPY {TYPES} TO STDOUT {options}"))
for value in (
    r"a\b", "a\tb", "a\nb", "a\rb", "\b\f\v", "\\.", "\\N", "", " ", "a,b", 'a"b', "''", "nil", "ü€😀",
    "\x01\x7f", "b\\\"\"b", "\n\n\t\t\\\\",
):
    for options in (
        "", "(FORMAT csv)", "(FORMAT csv, NULL 'nil')", "(DELIMITER ',')",
        "(FORMAT csv, ESCAPE 'b')", "(FORMAT csv, FORCE_QUOTE *)",
    ):
        for query in "SELECT {}", "SELECT {}, NULL, 1":
            text = sql.SQL("COPY (" + query + ") TO STDOUT " + options).format(sql.Literal(value))
            print(repr(value), options, copied(text))
for statement in (
    "COPY box.countries TO STDOUT", "COPY box.countries (name, code) TO STDOUT CSV",
    "COPY BINARY box.countries (code) TO STDOUT", "COPY (VALUES (1, 'a'), (2, NULL)) TO STDIN",
    "COPY (TABLE box.countries) TO STDOUT WITH NULL 'x'", "COPY (TABLE box.countries ORDER BY 1) TO STDOUT",
    "COPY box.countries TO STDOUT USING DELIMITERS '|' WITH NULL 'x'",
    "COPY (WITH c AS (SELECT 1 AS a) SELECT * FROM c) TO STDOUT (HEADER)",
):
    print(statement, sorted(copied(statement).splitlines()))
for options in (
    "(FORMAT xml)", "(FORMAT 'CSV')", "(FORMAT csv, FORMAT text)", "(DELIMITER 'ab')",
    "(DELIMITER 'ü')", "(DELIMITER '')", "(DELIMITER 'a')", "(DELIMITER '1')", "(DELIMITER '.')",
    "(DELIMITER E'\\n')", "(NULL E'a\\r')", "(NULL E'a\\tb')", "(FORMAT csv, NULL 'a,b')",
    "(FORMAT csv, NULL '\"')", "(QUOTE 'x')", "(ESCAPE 'x')", "(FORCE_QUOTE *)",
    "(FORMAT csv, QUOTE 'xy')", "(FORMAT csv, QUOTE ',')", "(FORMAT csv, ESCAPE '')",
    "(FORMAT csv, FORCE_QUOTE (nothing))", "(FORMAT csv, FORCE_QUOTE t)",
    "(FORMAT csv, FORCE_NULL (a))", "(FORMAT csv, FORCE_NOT_NULL (a))",
    "(FORMAT binary, DELIMITER 'x')", "(FORMAT binary, NULL 'x')", "(FORMAT binary, HEADER)",
    "(FORMAT binary, QUOTE 'x')", "(HEADER maybe)", "(HEADER 2)", "(HEADER match)",
    "(HEADER off)", "(HEADER 0)", "(NOTHING)", "(DELIMITER)", "()", "(FORMAT csv", "CSV CSV",
    "CSV DELIMITER", "QUOTE AS 'x'", "sideways", "(FREEZE)", "(FREEZE off)", "FREEZE",
    "(ENCODING 'utf8')", "ENCODING 'UTF-8'", "(HEADER 'ON', FORMAT csv)", '("FORMAT" csv)',
    "(FORCE_NULL (a))", "(FORMAT csv, FORCE_QUOTE (a, a))", "FORCE NOT NULL a", "CSV FORCE NULL a",
    "(FORMAT csv, FORCE_QUOTE)", "(NULL 1)", "(NULL x)", "(DELIMITER *)", "(FORMAT)", "(HEADER *)",
):
    statement = f"COPY (SELECT 1 AS a, 2 AS b) TO STDOUT {options}"
    print(options, attempt(lambda: copied(statement)))
for statement in (
    "COPY box.nothing TO STDOUT", "COPY box.countries (nothing) TO STDOUT",
    "COPY (SELECT * FROM box.nothing) TO STDOUT", "COPY (SELECT 1 / 0) TO STDOUT",
    "COPY (SELECT 1) FROM STDIN", "COPY box.countries STDOUT", "COPY (SELECT 1 TO STDOUT",
    "COPY (SELECT 1) TO STDOUT USING DELIMITERS 'x'", "COPY TO STDOUT", "COPY box. TO STDOUT", "COPY t (a,) TO STDOUT",
):
    print(statement, attempt(lambda: copied(statement)))

title("errors")
for query in (
    "SELECT 1 / 0", "SELEC 1", "SELECT * FROM box.nothing", "SELECT nothing FROM box.people",
    "SELECT 'x'::int", "SELECT nothing(1)",
):
    try:
        connection.execute(query)
    except psycopg.Error as error:
        print(query, type(error).__name__, error.sqlstate)

title("transactions")
connection.autocommit = False
print(connection.execute("SELECT count(*) FROM box.people").fetchone(), connection.info.transaction_status.name)
connection.commit()
print(connection.info.transaction_status.name)
print(attempt(lambda: connection.execute("SELECT 1 / 0")), connection.info.transaction_status.name)
print(attempt(lambda: connection.execute("SELECT 1")))
connection.rollback()
print(connection.info.transaction_status.name)
connection.autocommit = True
with connection.transaction():
    connection.execute("SELECT 1")
    print(connection.info.transaction_status.name)
print(connection.info.transaction_status.name)

title("cancel")
ended = threading.Event()
outcome = []


def run_for_long():
    long = "SELECT count(*) FROM box.many a, box.many b, box.many c WHERE a.n + b.n + c.n < 0"
    outcome.append(attempt(lambda: connection.execute(long).fetchone()))
    ended.set()


thread = threading.Thread(target=run_for_long)
thread.start()
# A cancel that comes before the query does is lost, as it is with PostgreSQL.
while not ended.wait(0.05):
    connection.cancel_safe()
thread.join()
print(outcome, connection.execute("SELECT count(*) FROM box.people").fetchone())
