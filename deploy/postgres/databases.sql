-- Run by the PostgreSQL image when its volume is empty, and never again: a user for Temporal, a user for Countersign, and
-- neither sees the databases of the other.
\getenv temporal_password TEMPORAL_DB_PASSWORD
\getenv countersign_password COUNTERSIGN_DB_PASSWORD

CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;

CREATE ROLE countersign LOGIN PASSWORD :'countersign_password';
CREATE DATABASE countersign OWNER countersign;

REVOKE ALL ON DATABASE temporal, temporal_visibility, countersign FROM PUBLIC;
