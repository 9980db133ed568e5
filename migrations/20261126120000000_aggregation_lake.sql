-- The catalogue that the snapshot versions are of: those of another lake say nothing.
ALTER TABLE devices.aggregation_source ADD COLUMN lake text;
