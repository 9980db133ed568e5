-- Model versions, the aliases that point at them, and the audit trail of every decision.
CREATE TABLE registry.models (
  model text PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE registry.versions (
  model text NOT NULL REFERENCES registry.models,
  version integer NOT NULL CHECK (version > 0),
  key text NOT NULL,
  artefact_uri text NOT NULL,
  card jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (model, version),
  UNIQUE (model, key)
);

CREATE TABLE registry.aliases (
  model text NOT NULL,
  alias text NOT NULL,
  version integer NOT NULL,
  generation integer NOT NULL CHECK (generation > 0),
  moved_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (model, alias),
  FOREIGN KEY (model, version) REFERENCES registry.versions
);

CREATE TABLE registry.alias_moves (
  model text NOT NULL,
  alias text NOT NULL,
  generation integer NOT NULL,
  from_version integer,
  to_version integer NOT NULL,
  outcome text NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  run text,
  evidence jsonb NOT NULL,
  moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (model, alias, generation),
  FOREIGN KEY (model, from_version) REFERENCES registry.versions,
  FOREIGN KEY (model, to_version) REFERENCES registry.versions,
  -- A run moves an alias at most once: its retry finds the move already made.
  UNIQUE (model, alias, run)
);

CREATE TABLE registry.verdicts (
  model text NOT NULL REFERENCES registry.models,
  run text NOT NULL,
  champion integer,
  challenger integer,
  outcome text NOT NULL,
  reason text NOT NULL,
  explanation text NOT NULL,
  evidence jsonb NOT NULL,
  decided_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (model, run),
  FOREIGN KEY (model, champion) REFERENCES registry.versions,
  FOREIGN KEY (model, challenger) REFERENCES registry.versions
);

CREATE TABLE registry.leases (
  name text PRIMARY KEY,
  holder text NOT NULL,
  acquired_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE TABLE registry.holdout_uses (
  model text NOT NULL,
  holdout text NOT NULL,
  run text NOT NULL,
  used_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (model, holdout, run)
);

-- Subjects by their keys, never by their names.
CREATE TABLE registry.splits (
  dataset text NOT NULL,
  seed bigint NOT NULL,
  parts jsonb NOT NULL,
  saved_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (dataset, seed)
);
