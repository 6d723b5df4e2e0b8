INSERT INTO tickets (id, org_id, opened, stars, fee, subject, raw) VALUES
    (1, 'ember', 'never', 'none', 'free', CAST(X'fffe' AS TEXT), 'this is no json'),
    (15, 'ember', 20260231, 1.5, 1e300, 7, NULL),
    (16, 'ember', X'00', X'00', X'00', X'00', '{'),
    (17, CAST(X'ff' AS TEXT), '2026-02-01', 9e18, 9e99, CAST(X'610062' AS TEXT), '['),
    (18, 7, '292278994-08-17', 9223372036854775807, -1e300, hex(zeroblob(1000000)), 'x'),
    (40, 'ember', '', '', '', '', '');
