-- One schema for each house that keeps rows in PostgreSQL.
CREATE SCHEMA registry;
CREATE SCHEMA annotation;
CREATE SCHEMA consent;
CREATE SCHEMA devices;
CREATE SCHEMA streaming;
