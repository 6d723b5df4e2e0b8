"""TPC-H through the gateway beside DuckDB on a copy that is filtered and masked by hand.

    compare.py prepare FOLDER     writes FOLDER/lake/*.parquet from FOLDER/*.tbl
    compare.py compare FOLDER     reads {"port": …, "tokens": {tenant: token}} from its input,
                                  asks every query as every tenant of both, compares every value

The masks are computed here from what the documentation says of them, not by the gateway.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys
from decimal import Decimal

import duckdb
import psycopg

HERE = pathlib.Path(__file__).parent

SCHEMA = {
    "region": "r_regionkey int, r_name text, r_comment text",
    "nation": "n_nationkey int, n_name text, n_regionkey int, n_comment text",
    "part": "tenant text, p_partkey bigint, p_name text, p_mfgr text, p_brand text, p_type text, "
    "p_size int, p_container text, p_retailprice decimal(15, 2), p_comment text",
    "supplier": "tenant text, s_suppkey bigint, s_name text, s_address text, s_nationkey int, "
    "s_phone text, s_acctbal decimal(15, 2), s_comment text",
    "partsupp": "tenant text, ps_partkey bigint, ps_suppkey bigint, ps_availqty int, "
    "ps_supplycost decimal(15, 2), ps_comment text",
    "customer": "tenant text, c_custkey bigint, c_name text, c_address text, c_nationkey int, "
    "c_phone text, c_acctbal decimal(15, 2), c_mktsegment text, c_comment text",
    "orders": "tenant text, o_orderkey bigint, o_custkey bigint, o_orderstatus text, "
    "o_totalprice decimal(15, 2), o_orderdate date, o_orderpriority text, o_clerk text, "
    "o_shippriority int, o_comment text",
    "lineitem": "tenant text, l_orderkey bigint, l_partkey bigint, l_suppkey bigint, "
    "l_linenumber int, l_quantity decimal(15, 2), l_extendedprice decimal(15, 2), "
    "l_discount decimal(15, 2), l_tax decimal(15, 2), l_returnflag text, l_linestatus text, "
    "l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct text, "
    "l_shipmode text, l_comment text",
}
IN_PARQUET = ["orders", "lineitem", "part", "region"]

# Averages and quotients have more digits in one engine than in the other. Everything else must
# be equal to the last digit.
TOLERANCE = Decimal("1e-6")


def load(folder, tables):
    """A database with the tables as they were generated."""
    database = duckdb.connect()
    for table in tables:
        database.execute(f"CREATE TABLE {table} ({SCHEMA[table]})")
        database.execute(f"COPY {table} FROM '{folder}/{table}.tbl' (DELIMITER '|', QUOTE '')")
    return database


def prepare(folder):
    (folder / "lake").mkdir()
    database = load(folder, IN_PARQUET)
    for table in IN_PARQUET:
        # Several row groups, so that tenants lie across them.
        database.execute(
            f"COPY {table} TO '{folder}/lake/{table}.parquet' (FORMAT parquet, ROW_GROUP_SIZE 65536)"
        )


def token(secret, tenant, value):
    """What `mask_token` makes of an address: HMAC-SHA-256 under a key of tenant and column."""
    domain = "column:shop/customer/c_address"
    context = b"portcullis token 1"
    for part in (tenant, domain):
        context += len(part.encode()).to_bytes(8, "big") + part.encode()
    key = hmac.digest(secret, context, hashlib.sha256)
    tag = hmac.digest(key, value.encode(), hashlib.sha256)[:16]
    return "tok_" + base64.urlsafe_b64encode(tag).decode().rstrip("=")


def for_tenant(folder, tenant):
    """What one tenant is to see: its rows, with masked names, telephone numbers and addresses."""
    database = load(folder, SCHEMA)
    for table, columns in SCHEMA.items():
        if columns.startswith("tenant "):
            database.execute(f"DELETE FROM {table} WHERE tenant <> ?", [tenant])
    secret = (folder / "keys" / "token.key").read_bytes().strip()
    addresses = database.execute("SELECT c_custkey, c_address FROM customer").fetchall()
    tokens = [(token(secret, tenant, address), key) for key, address in addresses]
    database.executemany("UPDATE customer SET c_address = ? WHERE c_custkey = ?", tokens)
    database.execute("UPDATE customer SET c_name = left(c_name, 1) || '***'")
    database.execute("UPDATE customer SET c_phone = right(c_phone, 4)")
    return database


def equal(here, there):
    if isinstance(here, float) or isinstance(there, float):
        if here is None or there is None:
            return here is there
        here, there = Decimal(here), Decimal(there)
        return abs(here - there) <= TOLERANCE * max(abs(here), abs(there), 1)
    return here == there


def difference(ours, theirs):
    """In words; None where there is none."""
    if len(ours) != len(theirs):
        return f"{len(ours)} rows, not {len(theirs)}"
    for number, (our, their) in enumerate(zip(ours, theirs)):
        if len(our) != len(their) or not all(map(equal, our, their)):
            return f"row {number}: {our}, not {their}"
    return None


def compare(folder):
    given = json.load(sys.stdin)
    wrong = 0
    asked, filled = set(), set()
    for tenant, jwt in given["tokens"].items():
        copy = for_tenant(folder, tenant)
        gateway = psycopg.connect(
            host="127.0.0.1", port=given["port"], dbname="portcullis", user="ada", password=jwt,
            autocommit=True,
        )
        for file in sorted((HERE / "queries").glob("*.sql")):
            query = file.read_text()
            theirs = copy.execute(query).fetchall()
            try:
                ours = gateway.execute(query).fetchall()
                told = difference(ours, theirs)
            except psycopg.Error as error:
                told = f"{error.sqlstate} {error}"
            asked.add(file.stem)
            if theirs and theirs[0][0] is not None:
                filled.add(file.stem)
            wrong += told is not None
            print(f"{tenant} {file.stem}: {len(theirs)} rows: {told or 'equal'}", flush=True)
        gateway.close()
    print(f"{wrong} differ; no tenant has an answer to {sorted(asked - filled)}")
    return wrong == 0 and len(asked) == 22 and asked == filled


if __name__ == "__main__":
    task, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if task == "prepare":
        prepare(folder)
    else:
        sys.exit(0 if compare(folder) else 1)
