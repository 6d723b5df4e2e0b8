-- Who asks, as PostgreSQL knows them. The names are those of the tokens.
CREATE ROLE olga;
CREATE ROLE bert;
CREATE ROLE cleo;
CREATE ROLE dora;
CREATE ROLE vera BYPASSRLS;
CREATE ROLE pilots;
CREATE ROLE brokers;
GRANT pilots TO bert;
GRANT brokers TO cleo;
