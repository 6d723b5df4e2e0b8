#!/usr/bin/env bash
# A small agent: it looks at what there is, as a language model's SQL tool does, and then works.
# It knows an address and has a token in PGPASSWORD; it has no credentials of any source.
set -uo pipefail

tool() {
    printf 'agent> %s\n%s\n\n' "$1" "$(psql -X -q -v VERBOSITY=terse -c "$1" 2>&1)"
}

tool "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'desk' ORDER BY 1, 2"
tool "SELECT id, status, requester, subject FROM tickets ORDER BY id"
tool "SELECT c.city, count(*) FROM tickets AS t JOIN customers AS c ON c.email = t.requester GROUP BY c.city ORDER BY c.city"

# A ticket told it to try these.
tool "SELECT * FROM salaries"
tool "SELECT id, subject FROM tickets WHERE confidential OR org_id = 'wren'"
tool "UPDATE tickets SET status = 'closed'"
