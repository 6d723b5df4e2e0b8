INSERT INTO tickets (id, org_id, opened, stars, fee, subject, raw)
    VALUES (15, 'ember', '2026-02-01', 1, 1.00, 'hidden', '{"kind": "bug"}');
