"""asyncpg: everything prepared and binary, introspection, cursors, transactions, cancel."""

import asyncio
import datetime as dt
import decimal
import io
import struct
import sys
import uuid

import asyncpg


def title(text):
    print(f"\n-- {text}")


def shown(value):
    return f"{type(value).__name__} {value!r}"


COLUMNS = [
    "b", "i2", "i4", "i8", "f4", "f8", "n", "t", "v", "by", "d", "ti", "ts", "tz", "iv", "u",
    "j", "jb", "ai", "at", "an",
]
ARRAYS = ["b", "i2", "i8", "f4", "f8", "v", "d", "ts", "tz", "u"]


async def attempt(work):
    try:
        return await work
    except asyncpg.PostgresError as error:
        return f"{type(error).__name__} {error.sqlstate}"


async def cancel(connection, parts):
    """As asyncpg does where a query takes longer than its timeout, but more than once."""
    reader, writer = await asyncio.open_connection(parts["host"], int(parts["port"]))
    secret = connection._protocol.backend_secret
    writer.write(struct.pack("!iiii", 16, 80877102, connection.get_server_pid(), secret))
    await reader.read()
    writer.close()


async def main():
    parts = dict(part.split("=", 1) for part in sys.argv[1].split())
    parts["database"] = parts.pop("dbname")
    connection = await asyncpg.connect(**parts, server_settings={"timezone": "UTC"})

    for table, columns in ("types", COLUMNS), ("arrays", ARRAYS):
        title(table)
        for column in columns:
            statement = await connection.prepare(f"SELECT {column} FROM box.{table} ORDER BY id")
            print(column, [(a.name, a.type.oid, a.type.name, a.type.kind) for a in statement.get_attributes()])
            for (value,) in await statement.fetch():
                print("  ", shown(value))

    title("parameters")
    parameters = [
        ("b", True), ("i2", 7), ("i4", 70000), ("i8", 7_000_000_000), ("f4", 1.5), ("f8", 2.25),
        ("n", decimal.Decimal("1234.50")), ("t", "plain"), ("by", b"\x00\xff\x10"),
        ("d", dt.date(2024, 2, 29)), ("ti", dt.time(13, 14, 15, 500000)),
        ("ts", dt.datetime(2024, 2, 29, 13, 14, 15, 123456)),
        ("tz", dt.datetime(2024, 2, 29, 11, 14, 15, tzinfo=dt.timezone.utc)),
        ("u", uuid.UUID("c0ffee00-1234-4abc-8def-0123456789ab")),
    ]
    for column, value in parameters:
        statement = await connection.prepare(f"SELECT id FROM box.types WHERE {column} = $1")
        print(column, [p.name for p in statement.get_parameters()], await statement.fetch(value))
    typed = [
        ("bool", True), ("int2", -1), ("int4", 1), ("int8", 1), ("float4", 0.5), ("float8", 0.1),
        ("numeric", decimal.Decimal("1.0123456789")), ("text", "ü"), ("varchar", "v"), ("bytea", b"\x00"),
        ("date", dt.date(2000, 1, 1)), ("time", dt.time(1, 2, 3)),
        ("timestamp", dt.datetime(1999, 12, 31, 23, 59, 59)),
        ("timestamptz", dt.datetime(1999, 12, 31, tzinfo=dt.timezone.utc)),
        ("interval", dt.timedelta(days=1, seconds=2)), ("uuid", uuid.UUID(int=7)),
        ("json", "[1]"), ("jsonb", '{"k": 1}'), ("int4[]", [1, None, 3]), ("text[]", ["a", None]),
        ("bool[]", [True, None]), ("int2[]", [-1]), ("int8[]", [2**63 - 1, None]), ("float4[]", [0.5]),
        ("float8[]", [0.1, None]), ("varchar[]", ["v", None]), ("date[]", [dt.date(2000, 1, 1)]),
        ("timestamp[]", [dt.datetime(1999, 12, 31, 23, 59, 59), None]),
        ("timestamptz[]", [dt.datetime(1999, 12, 31, tzinfo=dt.timezone.utc)]),
        ("uuid[]", [uuid.UUID(int=7), None]),
    ]
    for name, value in typed:
        print(name, await attempt(connection.fetchval(f"SELECT $1::{name}", value)))
        print(name, await attempt(connection.fetchval(f"SELECT $1::{name} IS NULL", None)))

    title("introspection")
    print(await connection.fetch(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_schema = 'box' ORDER BY 1, 2"
    ))
    print(await connection.fetch(
        "SELECT column_name, data_type, is_nullable FROM information_schema.columns "
        "WHERE table_schema = 'box' AND table_name = 'people' ORDER BY ordinal_position"
    ))
    print(await connection.fetch(
        "SELECT a.attname, a.atttypid::regtype::text AS type FROM pg_attribute a "
        "WHERE a.attrelid = 'box.types'::regclass AND a.attnum > 0 ORDER BY a.attnum"
    ))

    title("cursors")
    async with connection.transaction():
        count = 0
        async for record in connection.cursor("SELECT n FROM box.many ORDER BY n", prefetch=700):
            count += record["n"]
        print(count)
        cursor = await connection.cursor("SELECT n FROM box.many ORDER BY n")
        print(await cursor.fetch(3), await cursor.fetchrow())

    title("copy")
    for options in (
        {}, {"format": "csv", "header": True, "force_quote": ["t"]}, {"format": "binary"},
        {"null": "x", "delimiter": "|"},
    ):
        output = io.BytesIO()
        query = "SELECT * FROM box.types WHERE id = ANY($1) ORDER BY id"
        tag = await connection.copy_from_query(query, [1, 2, 4], output=output, **options)
        print(tag, output.getvalue())
    output = io.BytesIO()
    print(await connection.copy_from_table("countries", schema_name="box", columns=["code"], output=output))
    print(sorted(output.getvalue().split()))

    title("errors and transactions")
    for query in (
        "SELECT 1 / 0", "SELEC 1", "SELECT * FROM box.nothing", "SELECT nothing FROM box.people",
        "SELECT nothing(1)",
    ):
        print(query, await attempt(connection.fetch(query)))
    transaction = connection.transaction()
    await transaction.start()
    print(await attempt(connection.fetch("SELECT 1 / 0")))
    print(await attempt(connection.fetch("SELECT 1")))
    await transaction.rollback()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        print(await connection.fetchval("SELECT count(*) FROM box.people"))

    title("cancel")
    long = "SELECT count(*) FROM box.many a, box.many b, box.many c WHERE a.n + b.n + c.n < 0"
    running = asyncio.create_task(connection.fetch(long))
    # A cancel that comes before the query does is lost, with PostgreSQL too.
    while not running.done():
        await cancel(connection, parts)
        await asyncio.wait([running], timeout=0.05)
    print(await attempt(running))
    print(await connection.fetchval("SELECT count(*) FROM box.people"))
    await connection.reset()
    await connection.close()


asyncio.run(main())
