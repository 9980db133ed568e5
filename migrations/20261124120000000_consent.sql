-- Who agreed to what and who took it back, by keyed hash alone; and whose rows never land again.
CREATE TABLE consent.ledger (
  entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  dataset text NOT NULL,
  subject text NOT NULL CHECK (subject ~ '^[0-9a-f]{16}$'),
  purpose text NOT NULL,
  granted_at timestamptz,
  withdrawn_at timestamptz,
  -- When we came to know it.
  known_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (num_nonnulls(granted_at, withdrawn_at) = 1)
);

CREATE INDEX ledger_by_subject ON consent.ledger (dataset, subject, entry);

CREATE FUNCTION consent.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'consent.ledger is only ever added to';
END $$;

CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent.ledger
  FOR EACH STATEMENT EXECUTE FUNCTION consent.refuse_change();

-- Keyed hashes of what identifies a person in the sources: the identifier, devices, the pseudonym.
CREATE TABLE consent.suppressed (
  dataset text NOT NULL,
  key text NOT NULL CHECK (key ~ '^[0-9a-f]{16}$'),
  subject text NOT NULL CHECK (subject ~ '^[0-9a-f]{16}$'),
  erased_at timestamptz NOT NULL DEFAULT now(),
  run text NOT NULL,
  PRIMARY KEY (dataset, key, subject)
);

-- What an erasure has to look for, encrypted, for as long as it runs.
CREATE TABLE consent.cases (
  dataset text NOT NULL,
  subject text NOT NULL CHECK (subject ~ '^[0-9a-f]{16}$'),
  sealed bytea NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (dataset, subject)
);

-- Versions that learned from people who withdrew since.
CREATE TABLE registry.withdrawals (
  model text NOT NULL,
  version integer NOT NULL,
  subject text NOT NULL CHECK (subject ~ '^[0-9a-f]{16}$'),
  marked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (model, version, subject),
  FOREIGN KEY (model, version) REFERENCES registry.versions
);

-- A split that lost somebody is not what a new draw would give.
ALTER TABLE registry.splits ADD COLUMN reduced_at timestamptz;
