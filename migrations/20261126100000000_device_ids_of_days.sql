-- Which devices told of a person's day, so that weeks and months count those of their days once.
ALTER TABLE devices.daily_aggregates ADD COLUMN device_ids jsonb NOT NULL DEFAULT '[]';

-- Days without them are made again, and those of which nothing is left still go.
UPDATE devices.aggregated_periods SET content = '' WHERE grain = 'day';

-- Also of months that were detached, so that they can be attached again.
DO $$
DECLARE
  detached text;
BEGIN
  FOR detached IN
    SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = 'devices' AND relkind = 'r' AND NOT relispartition
      AND relname ~ '^daily_aggregates_[0-9]{4}_[0-9]{2}$'
  LOOP
    EXECUTE format('ALTER TABLE devices.%I ADD COLUMN device_ids jsonb NOT NULL DEFAULT ''[]''', detached);
  END LOOP;
END
$$;
