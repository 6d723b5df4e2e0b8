"""Asks each of a list of queries, prepared, and gives the answers as PostgreSQL writes them."""

import json
import sys

import psycopg

connection = psycopg.connect(sys.argv[1], autocommit=True)
connection.execute("SET TimeZone = 'UTC'")


def ask(query):
    try:
        cursor = connection.execute(query, prepare=True)
    except psycopg.Error as error:
        return {"sqlstate": error.sqlstate, "message": error.diag.message_primary}
    result = cursor.pgresult
    cell = lambda row, column: (value := result.get_value(row, column)) and value.decode()
    return {
        "columns": [column.name for column in cursor.description],
        "rows": [
            [cell(row, column) for column in range(result.nfields)] for row in range(result.ntuples)
        ],
    }


print(json.dumps([ask(query) for query in json.loads(sys.argv[2])]))
