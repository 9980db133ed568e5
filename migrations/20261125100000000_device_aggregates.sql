-- Who wears which device; a device belongs to one person, a person may have several.
CREATE TABLE devices.user_profiles (
  device_id text PRIMARY KEY,
  user_id text NOT NULL CHECK (user_id <> ''),
  user_email text,
  gender text,
  age integer,
  time_zone text NOT NULL DEFAULT 'UTC',
  step_counter text NOT NULL DEFAULT 'interval' CHECK (step_counter IN ('interval', 'cumulative')),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX user_profiles_by_user ON devices.user_profiles (user_id);

-- The aggregates of a person: docs/devices.md defines each figure. The columns after `devices` are the sums and
-- counts that they are made from: means of means would be wrong.
CREATE TABLE devices.daily_aggregates (
  user_id text NOT NULL,
  event_date date NOT NULL,
  total_steps bigint NOT NULL,
  avg_heart_rate_asleep double precision,
  avg_heart_rate double precision,
  min_heart_rate double precision,
  max_heart_rate double precision,
  minutes_asleep double precision NOT NULL,
  events bigint NOT NULL,
  devices integer NOT NULL,
  heart_rate_asleep_thousandths bigint NOT NULL,
  heart_rate_asleep_events bigint NOT NULL,
  heart_rate_thousandths bigint NOT NULL,
  heart_rate_events bigint NOT NULL,
  asleep_ms bigint NOT NULL,
  aggregated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, event_date)
) PARTITION BY RANGE (event_date);

CREATE TABLE devices.weekly_aggregates (
  user_id text NOT NULL,
  -- The Monday.
  period_start date NOT NULL CHECK (extract(isodow FROM period_start) = 1),
  iso_year integer NOT NULL GENERATED ALWAYS AS (extract(isoyear FROM period_start)) STORED,
  iso_week integer NOT NULL GENERATED ALWAYS AS (extract(week FROM period_start)) STORED,
  total_steps bigint NOT NULL,
  avg_heart_rate_asleep double precision,
  avg_heart_rate double precision,
  min_heart_rate double precision,
  max_heart_rate double precision,
  minutes_asleep double precision NOT NULL,
  events bigint NOT NULL,
  devices integer NOT NULL,
  heart_rate_asleep_thousandths bigint NOT NULL,
  heart_rate_asleep_events bigint NOT NULL,
  heart_rate_thousandths bigint NOT NULL,
  heart_rate_events bigint NOT NULL,
  asleep_ms bigint NOT NULL,
  aggregated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, period_start)
) PARTITION BY RANGE (period_start);

CREATE TABLE devices.monthly_aggregates (
  user_id text NOT NULL,
  -- The first of the month.
  period_start date NOT NULL CHECK (extract(day FROM period_start) = 1),
  total_steps bigint NOT NULL,
  avg_heart_rate_asleep double precision,
  avg_heart_rate double precision,
  min_heart_rate double precision,
  max_heart_rate double precision,
  minutes_asleep double precision NOT NULL,
  events bigint NOT NULL,
  devices integer NOT NULL,
  heart_rate_asleep_thousandths bigint NOT NULL,
  heart_rate_asleep_events bigint NOT NULL,
  heart_rate_thousandths bigint NOT NULL,
  heart_rate_events bigint NOT NULL,
  asleep_ms bigint NOT NULL,
  aggregated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, period_start)
) PARTITION BY RANGE (period_start);

-- Of all people at one period.
CREATE INDEX daily_aggregates_by_date ON devices.daily_aggregates (event_date);
CREATE INDEX weekly_aggregates_by_period ON devices.weekly_aggregates (period_start);
CREATE INDEX monthly_aggregates_by_period ON devices.monthly_aggregates (period_start);

-- Four columns as other pipelines have them: the heart rate is the one asleep.
CREATE VIEW devices.daily_steps_and_sleep AS
  SELECT user_id, event_date, total_steps, avg_heart_rate_asleep AS avg_heart_rate
  FROM devices.daily_aggregates;

-- What the aggregates are made from, so that only what has changed is made again.
CREATE TABLE devices.aggregation_source (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  dataset text,
  -- Of the published snapshot that was looked at last.
  snapshot_version bigint NOT NULL DEFAULT 0,
  -- Raised whenever a profile changes.
  profiles_version bigint NOT NULL DEFAULT 0
);

INSERT INTO devices.aggregation_source DEFAULT VALUES;

-- UTC dates of the lake, with the name of their content there; none when it has to be looked at again.
CREATE TABLE devices.landed_dates (
  event_date date PRIMARY KEY,
  content text
);

-- What each device has told at a UTC date. A cumulative counter goes on from its last reading, however long ago.
CREATE TABLE devices.device_days (
  device_id text NOT NULL,
  event_date date NOT NULL,
  events bigint NOT NULL,
  -- The local date of its person, null as long as there is none.
  first_reading_date date,
  last_reading_ms bigint,
  last_reading_steps bigint,
  PRIMARY KEY (device_id, event_date),
  CHECK ((last_reading_ms IS NULL) = (last_reading_steps IS NULL))
);

CREATE INDEX device_days_by_date ON devices.device_days (event_date);

-- People's local dates by the UTC dates that tell of them.
CREATE TABLE devices.local_days (
  local_date date NOT NULL,
  event_date date NOT NULL,
  events bigint NOT NULL,
  -- Changes with the events, and with whose they are.
  content text NOT NULL,
  -- Raised when the reading before the first one has changed.
  readings_before integer NOT NULL DEFAULT 0,
  PRIMARY KEY (local_date, event_date)
);

CREATE INDEX local_days_by_event_date ON devices.local_days (event_date);

CREATE TABLE devices.aggregated_periods (
  grain text NOT NULL CHECK (grain IN ('day', 'week', 'month')),
  period_start date NOT NULL,
  content text NOT NULL,
  aggregated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (grain, period_start)
);
