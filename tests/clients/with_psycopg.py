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
