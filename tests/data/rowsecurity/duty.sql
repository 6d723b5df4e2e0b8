CREATE SCHEMA duty;
GRANT USAGE ON SCHEMA duty TO PUBLIC;
SET search_path = duty;

-- Policies of one command beside one of all commands: those that do not speak of SELECT do not count.
CREATE TABLE tasks (a integer NOT NULL, b text NOT NULL, c text NOT NULL);
INSERT INTO tasks VALUES
    (1, 'caulk', 'bert'), (2, 'scrub', 'bert'), (3, 'splice', 'cleo'), (4, 'stow', 'cleo'),
    (5, 'coil', 'bert'), (6, 'paint', 'bert'), (7, 'paint', 'cleo'), (8, 'paint', 'cleo');
CREATE POLICY own ON tasks USING (c = current_user);
CREATE POLICY seen ON tasks FOR SELECT USING (a % 2 = 0);
CREATE POLICY added ON tasks FOR INSERT WITH CHECK (a % 2 = 1);
CREATE POLICY changed ON tasks FOR UPDATE USING (a % 2 = 0);
CREATE POLICY dropped ON tasks FOR DELETE USING (a < 8);
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;

CREATE TABLE open_jobs (a integer NOT NULL);
CREATE TABLE kept_jobs (a integer NOT NULL);
INSERT INTO open_jobs VALUES (10), (20);
INSERT INTO kept_jobs VALUES (10), (20);
CREATE POLICY everything ON open_jobs USING (true);
ALTER TABLE open_jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON kept_jobs FOR SELECT USING (true);
CREATE POLICY added ON kept_jobs FOR INSERT WITH CHECK (false);
CREATE POLICY changed ON kept_jobs FOR UPDATE USING (false);
CREATE POLICY dropped ON kept_jobs FOR DELETE USING (false);
ALTER TABLE kept_jobs ENABLE ROW LEVEL SECURITY;
GRANT ALL ON tasks, open_jobs, kept_jobs TO PUBLIC;
