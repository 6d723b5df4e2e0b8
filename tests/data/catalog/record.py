#!/usr/bin/env python3
"""Writes what a real PostgreSQL 15 answers into the case files beside this script.

    ./record.py /usr/lib/postgresql/15/bin [FILE...]

A file holds cases: a line `=== title`, a statement, a line `---`, and the expected result, which
this script replaces: a line of `name type` pairs, then the rows. `{{crm.customers}}` in a
statement stands for a table's OID, `<crm.customers>` for one in a result. An error is its text
and its SQLSTATE. Where the gateway differs by intent, a line `--- here: why` follows with what it
answers, which this script leaves alone. The server is made for
the occasion, with the tables of `tables.sql`, in a folder of its own.
"""

import csv
import io
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
NULL = "~"


class Refused(Exception):
    """What the server says to a wrong statement."""


class Server:
    """A PostgreSQL with one role, one database and the fixture's tables."""

    def __init__(self, binaries):
        self.binaries = pathlib.Path(binaries)
        self.folder = tempfile.mkdtemp(prefix="portcullis-catalog-")
        # PostgreSQL refuses to run as root.
        self.user = ["setpriv", "--reuid", "postgres", "--clear-groups"] if os.getuid() == 0 else []
        if self.user:
            shutil.chown(self.folder, "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        data = f"{self.folder}/data"
        self.run("initdb", "-D", data, "-U", "portcullis", "-A", "trust", "--locale=C", "-E", "UTF8")
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-D", data, "-o", options, "-l", f"{self.folder}/log", "-w", "start")
        self.psql("CREATE DATABASE portcullis", database="postgres")
        self.psql((HERE / "tables.sql").read_text())

    def run(self, program, *arguments):
        command = [*self.user, str(self.binaries / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def stop(self):
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def psql(self, script, database="portcullis"):
        command = [
            "psql", "-XqAt", "--csv", "-v", "ON_ERROR_STOP=1", "-P", f"null={NULL}",
            "-v", "VERBOSITY=verbose", "-h", "127.0.0.1", "-p", str(self.port), "-U", "portcullis", "-d", database,
        ]
        environment = dict(os.environ, PGOPTIONS="-c search_path=crm,lake")
        done = subprocess.run(
            command, input=script, text=True, capture_output=True, env=environment
        )
        if done.returncode:
            state, message = re.search(r"ERROR:  (\w{5}): (.*)", done.stderr).groups()
            raise Refused(f"{message} ({state})")
        return list(csv.reader(io.StringIO(done.stdout)))


def record(server, path, oids):
    names = {oid: name for name, oid in oids.items()}
    out = []
    for case in re.split(r"^=== ", path.read_text(), flags=re.M)[1:]:
        title, rest = case.split("\n", 1)
        statement = re.split(r"^---\n", rest, flags=re.M)[0].strip()
        here = re.search(r"^--- here: .*", rest, flags=re.M | re.S)
        here = [here[0].rstrip()] if here else []
        filled = re.sub(r"\{\{(.*?)\}\}", lambda found: oids[found[1]], statement)
        try:
            columns = server.psql(f"{filled} \\gdesc\n")
            rows = server.psql(f"{filled};\n")
        except Refused as refused:
            out.append("\n".join([f"=== {title}", statement, "---", f"ERROR {refused}", *here, ""]))
            continue
        rows = [[f"<{names[cell]}>" if cell in names else cell for cell in row] for row in rows]
        if not re.search(r"\border\s+by\b", statement, flags=re.I):
            rows.sort()
        lines = ["|".join(f"{name} {kind}" for name, kind in columns)]
        lines += ["|".join(row).replace("\n", "\\n") for row in rows]
        out.append("\n".join([f"=== {title}", statement, "---", *lines, *here, ""]))
    path.write_text("\n".join(out))


def main():
    server = Server(sys.argv[1])
    try:
        tables = server.psql(
            "SELECT n.nspname || '.' || c.relname, c.oid FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('crm', 'lake')"
        )
        schemas = server.psql("SELECT nspname, oid FROM pg_namespace WHERE nspname IN ('crm', 'lake')")
        paths = [pathlib.Path(path) for path in sys.argv[2:]] or sorted(HERE.glob("*/*.txt"))
        for path in paths:
            record(server, path, dict(tables + schemas))
    finally:
        server.stop()


main()
