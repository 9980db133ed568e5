-- The highest number that a version of the model has ever had: what was removed never gives its number to another one,
-- for predictions and label tasks name their version by it.
ALTER TABLE registry.models ADD COLUMN last_version integer NOT NULL DEFAULT 0;
