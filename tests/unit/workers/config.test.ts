/** What the configuration refuses as a whole. */
import { parseInput } from '../../../activities/input-activities';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../workers/config';

// 32 characters at most, and whatever else its slug may have.
test.each(['research', 'lab_2.eu-1', 'x'.repeat(32)])(
  'an environment that provision can make can be named: %s',
  (environment) => {
    const made = { action: 'apply', environment, bucket: 'stedi-lake' } as const;
    expect(parseInput('provision', made)).toMatchObject({ environment });
    expect(loadConfig({ AWS_ENVIRONMENT: environment })).toMatchObject({
      AWS_ENVIRONMENT: environment,
    });
  },
);

test.each([undefined, '/data/lake', 'file:///data/lake'])(
  'a catalogue in Glue needs a lake on S3, not %s',
  (lake) => {
    const environment = { CATALOG: 'glue', ...(lake === undefined ? {} : { LAKE_URI: lake }) };
    expect(() => loadConfig(environment)).toThrow('CATALOG: glue needs a lake on S3');
  },
);

test('the catalogue lies in the lake unless told otherwise', () => {
  expect(loadConfig({})).toMatchObject({ CATALOG: 'file', ATHENA_WORKGROUP: 'primary' });
});

test.each([
  [{ APP_PORT: 'abc' }, 'APP_PORT: expected number from 0 to 65535'],
  [{ APP_PORT: '70000' }, 'APP_PORT: expected number from 0 to 65535'],
  [{ APP_PORT: '80.5' }, 'APP_PORT: Invalid input: expected int'],
  [{ WATCHLAKE_PSEUDONYM_KEY: 'x' }, 'KEY: expected text, at least 16 characters'],
  [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL: expected `trace`, `debug`, `info`, `warn`, `error`'],
  [{ METRICS: 'perhaps' }, 'METRICS: expected `true` or `false`'],
  // Its client would look for a host that nobody has named.
  [{ DATABASE_URL: 'nonsense' }, 'DATABASE_URL: expected postgres://user:password@host:port/'],
  [{ DATABASE_URL: 'postgres://me:a#b@host/db' }, 'DATABASE_URL: is no address; in a user or a'],
  [{ DATABASE_URL: 'postgres://me:a/b@host/db' }, '# / ? @ as %23 %2F %3F %40'],
  [{ KAFKA_BROKERS: 'kafka-1' }, 'KAFKA_BROKERS: expected host:port, comma-separated'],
  [{ KAFKA_BROKERS: 'a:9092,kafka://b:9092' }, 'KAFKA_BROKERS: expected host:port'],
])('a wrong value is told by the form it should have: %j', (environment, said) => {
  expect(() => loadConfig(environment)).toThrow(said);
});

test.each([
  'postgres://me:a%23b%2Fc@host:5432/db?sslmode=verify-full',
  'postgres://me:a b@/db?host=/run/postgresql',
  'postgresql:///db',
])('an address of PostgreSQL is taken as its client reads it: %s', (url) => {
  expect(loadConfig({ DATABASE_URL: url }).DATABASE_URL).toBe(url);
});

test.each([
  [{ KAFKA_TLS: 'true' }, 'KAFKA_BROKERS: is needed with KAFKA_TLS: the embedded one needs none'],
  [{ KAFKA_TLS_CA_FILE: 'ca.pem' }, 'KAFKA_BROKERS: is needed with KAFKA_TLS_CA_FILE'],
  [{ TEMPORAL_TLS: 'true' }, 'TEMPORAL_ADDRESS: is needed with TEMPORAL_TLS'],
  [{ TEMPORAL_API_KEY: 'secret' }, 'TEMPORAL_ADDRESS: is needed with TEMPORAL_API_KEY'],
])('what the embedded stack does not speak needs an address: %j', (environment, said) => {
  expect(() => loadConfig(environment)).toThrow(said);
});

test('no TLS needs no address', () => {
  expect(loadConfig({ KAFKA_TLS: 'false', TEMPORAL_TLS: 'false' })).toMatchObject({
    KAFKA_TLS: false,
  });
});

test('brokers are those of a list', () => {
  expect(loadConfig({ KAFKA_BROKERS: 'a.example.org:9092, 10.0.0.1:9093,' })).toMatchObject({
    KAFKA_BROKERS: ['a.example.org:9092', '10.0.0.1:9093'],
  });
});

test('a database may be named after the dataset', () => {
  expect(loadConfig({ GLUE_DATABASE: 'lab_{dataset}' }).GLUE_DATABASE).toBe('lab_{dataset}');
  expect(() => loadConfig({ GLUE_DATABASE: 'Lab.1' })).toThrow('GLUE_DATABASE');
});

test('a lake on S3 keeps its address, and its copies lie in the home', () => {
  const config = loadConfig({ LAKE_URI: 's3://bucket/lake/', WATCHLAKE_HOME: '/home/of-it' });
  expect(config).toMatchObject({
    LAKE_URI: 's3://bucket/lake',
    S3_CACHE_FOLDER: '/home/of-it/s3',
    S3_ENCRYPTION: 'bucket',
  });
  expect(() => loadConfig({ S3_BUCKET_OWNER: 'me' })).toThrow('S3_BUCKET_OWNER');
});

test.each([{}, { XDG_CACHE_HOME: '' }])(
  'downloads lie in the cache folder of the user: %j',
  (environment) => {
    expect(loadConfig(environment).WATCHLAKE_CACHE).toBe(join(homedir(), '.cache', 'watchlake'));
  },
);
