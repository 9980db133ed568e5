-- What a device shows at the ingest server's door: kept as a digest, good for that device alone.
CREATE TABLE devices.tokens (
  token_id text PRIMARY KEY,
  device_id text NOT NULL CHECK (device_id <> ''),
  digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
  issued_at timestamptz NOT NULL DEFAULT now(),
  -- After a rotation the former token goes on for a while.
  expires_at timestamptz,
  revoked_at timestamptz,
  -- To the hour: whether a former token is still in use decides when it can go.
  last_used_at timestamptz
);

CREATE INDEX tokens_by_device ON devices.tokens (device_id, issued_at);
