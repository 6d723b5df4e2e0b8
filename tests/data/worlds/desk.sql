CREATE TABLE tickets (
    id INTEGER PRIMARY KEY,
    org_id TEXT NOT NULL,
    opened DATE,
    stars INTEGER,
    fee DECIMAL(10, 2),
    subject TEXT,
    raw TEXT
);
INSERT INTO tickets (id, org_id, opened, stars, fee, subject, raw) VALUES
    (10, 'acme', '2026-01-01', 5, 1.50, 'first', '{"kind": "bug"}'),
    (20, 'acme', '2026-01-02', NULL, 2.25, 'second', '{"kind": "wish"}'),
    (30, 'acme', 'someday', 'many', 'a lot', CAST(X'ff' AS TEXT), '{}');
{hidden}
-- Behind the rows: SQLite computes it when a row is written, too.
ALTER TABLE tickets ADD COLUMN kind TEXT GENERATED ALWAYS AS (json_extract(raw, '$.kind')) VIRTUAL;
CREATE VIEW bugs AS SELECT id, org_id, subject, stars FROM tickets;
