-- Label tasks, who holds each of them, and the answers.
CREATE TABLE annotation.campaigns (
  campaign text PRIMARY KEY,
  dataset text NOT NULL,
  model text NOT NULL,
  classes text[] NOT NULL,
  channels jsonb NOT NULL,
  target integer NOT NULL CHECK (target > 0),
  opened_at timestamptz NOT NULL DEFAULT now(),
  filled_at timestamptz,
  closed_at timestamptz
);

CREATE TABLE annotation.tasks (
  task bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  campaign text NOT NULL REFERENCES annotation.campaigns,
  window_id text NOT NULL,
  device text NOT NULL,
  subject_key text NOT NULL,
  start_ms bigint NOT NULL,
  end_ms bigint NOT NULL CHECK (end_ms > start_ms),
  kind text NOT NULL CHECK (kind IN ('uncertain', 'audit')),
  version integer NOT NULL,
  classes text[] NOT NULL,
  probabilities double precision[] NOT NULL,
  margin double precision NOT NULL,
  feature_schema text NOT NULL,
  features bytea NOT NULL,
  channels text[] NOT NULL,
  timestamps_ms bytea NOT NULL,
  sample_values bytea NOT NULL,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'leased', 'answered', 'skipped')),
  lease uuid,
  annotator text,
  lease_expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (campaign, window_id),
  CHECK (cardinality(classes) = cardinality(probabilities)),
  CHECK ((status = 'open') = (lease IS NULL))
);

-- The order in which tasks are handed out.
CREATE INDEX tasks_waiting ON annotation.tasks (margin, window_id)
  WHERE status IN ('open', 'leased');
CREATE INDEX tasks_by_window ON annotation.tasks (window_id);

CREATE TABLE annotation.labels (
  task bigint PRIMARY KEY REFERENCES annotation.tasks,
  campaign text NOT NULL REFERENCES annotation.campaigns,
  dataset text NOT NULL,
  window_id text NOT NULL,
  device text NOT NULL,
  subject_key text NOT NULL,
  label text NOT NULL,
  annotator text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('uncertain', 'audit')),
  event_time_ms bigint NOT NULL,
  -- In milliseconds, as the program's clock and the frozen training snapshots have it.
  known_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  batch text NOT NULL
);

CREATE INDEX labels_by_time ON annotation.labels (dataset, known_at);
CREATE INDEX labels_by_campaign ON annotation.labels (campaign);
CREATE INDEX labels_by_subject ON annotation.labels (dataset, subject_key);
