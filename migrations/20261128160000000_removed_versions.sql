-- A version may lose its artefact and keep its row: verdicts, moves of aliases and predictions name it by its number.
ALTER TABLE registry.versions ADD COLUMN removed_at timestamptz;
