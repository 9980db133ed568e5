/** docker-compose.yml: valid by the specification, closed to the network, pinned, without secrets. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2019';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { PROJECT_ROOT } from '../../../core/project-root';
import { brokerProperties } from '../../../stack/kafka-broker';
import { KAFKA_VERSION } from '../../../stack/kafka-libraries';
import { SEARCH_ATTRIBUTES } from '../../../stack/temporal-namespace';
import { VARIABLES } from '../../../workers/config';

interface Service {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly restart?: string;
  readonly profiles?: readonly string[];
  readonly build?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
}

const read = (...names: string[]): string => readFileSync(join(PROJECT_ROOT, ...names), 'utf8');
const text = read('docker-compose.yml');
const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);

function validator() {
  // Its identifiers are written as an older draft had them: ajv takes none of them.
  const schema = JSON.parse(read('tests', 'support', 'compose-spec.json'), (key, value: unknown) =>
    ['$schema', 'id'].includes(key) && typeof value === 'string' ? undefined : value,
  ) as object;
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  addFormats(ajv);
  ajv.addFormat('ports', true).addFormat('expose', true).addFormat('duration', true);
  return ajv.compile(schema);
}

test('is valid by the schema of the Compose Specification', () => {
  const validate = validator();
  validate(compose);
  expect(validate.errors).toBeNull();
  expect(validate({ ...compose, services: { broken: { image: 1, portz: [] } } })).toBe(false);
});

test('has Temporal and Kafka with their web UIs, PostgreSQL and an S3 server', () => {
  const usual = services.filter(([, { profiles }]) => profiles === undefined);
  expect(usual.map(([name]) => name)).toEqual(
    expect.arrayContaining(['temporal', 'temporal-ui', 'kafka', 'kafka-ui', 'postgres', 's3']),
  );
  expect(compose.services['kafka-ui']?.ports).toEqual(['127.0.0.1:${KAFKA_UI_PORT:-8085}:8080']);
  expect(compose.services['kafka']?.image).toBe(`apache/kafka:${KAFKA_VERSION}`);
  expect(compose.services['postgres']?.image).toMatch(/^postgres:18\./);
});

test('its Kafka remembers how far readers have come for as long as the embedded one', () => {
  const { KAFKA_OFFSETS_RETENTION_MINUTES: minutes } = compose.services['kafka']?.environment ?? {};
  const embedded = brokerProperties({ port: 1, controllerPort: 2 }, '/data');
  expect(embedded).toContain(`\noffsets.retention.minutes=${minutes}\n`);
});

test.each(services)('%s has a pinned image', (_name, { image }) => {
  expect(image).toMatch(/^[a-z/-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
});

test.each(services.filter(([, { ports }]) => ports))(
  '%s listens on the loopback address alone and reports its health',
  (_name, { ports = [], healthcheck }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(healthcheck).toBeDefined();
  },
);

test('asks for every secret and holds none', () => {
  const secrets = services
    .flatMap(([, { environment = {} }]) => Object.entries(environment))
    .filter(([name]) => /PASSWORD|PWD|SECRET|ACCESS_KEY|TOKEN|DATABASE_URL/.test(name));
  expect(secrets.length).toBeGreaterThan(8);
  const asked = String.raw`\$\{[A-Z0-9_]+:\?[^}]+\}`;
  const ofRole = `(reader|annotator|operator|device):${asked}`;
  const address = `postgres://watchlake:${asked}@postgres:5432/watchlake`;
  const allowed = new RegExp(`^(${asked}|${ofRole}(,${ofRole})*|${address})$`);
  for (const [, value] of secrets) expect(value).toMatch(allowed);
});

test('the example of its variables names each that is asked for, without a value', () => {
  const example = read('stack', 'compose', 'example.env');
  const asked = new Set([...text.matchAll(/\$\{([A-Z0-9_]+):\?/g)].map(([, name]) => name));
  for (const name of asked) expect(example).toMatch(new RegExp(`^${name}=$`, 'm'));
});

test('registers every search attribute', () => {
  const command = compose.services['temporal-namespace']?.command?.join('\n') ?? '';
  for (const name of SEARCH_ATTRIBUTES) expect(command).toContain(`--name ${name} --type Keyword`);
});

test('mounts only files that are there', () => {
  for (const { file } of Object.values(compose.configs)) {
    expect(existsSync(join(PROJECT_ROOT, file))).toBe(true);
  }
});

const own = services.filter(([, { build }]) => build !== undefined);

test('our own parts are one image, of this version, and none starts before the database is migrated', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect(own.map(([name]) => name)).toEqual(['migrate', 'worker', 'page', 'ingest', 'cli']);
  for (const [name, { image, depends_on: after, profiles }] of own) {
    expect(image).toBe(`watchlake:${version}`);
    expect(profiles).toEqual([name === 'cli' ? 'tools' : 'app']);
    if (name === 'migrate' || name === 'cli') continue;
    expect(after?.migrate).toEqual({ condition: 'service_completed_successfully' });
  }
});

test.each(own)(
  '%s gets only variables that the configuration knows',
  (_name, { environment = {} }) => {
    const known = [...Object.keys(VARIABLES), 'WATCHLAKE_HEALTH_URL', 'NODE_OPTIONS'];
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
  },
);

test('Node takes the options that it is given', () => {
  const NODE_OPTIONS = compose.services.ingest?.environment?.NODE_OPTIONS;
  expect(NODE_OPTIONS).toMatch(/^--/);
  const { status, stderr } = spawnSync(process.execPath, ['-e', ''], { env: { NODE_OPTIONS } });
  expect([status, String(stderr)]).toEqual([0, '']);
});

test('every service that another waits for is there in the same profile', () => {
  for (const [name, { depends_on: after = {}, profiles = [] }] of services) {
    for (const other of Object.keys(after)) {
      const there = compose.services[other]?.profiles ?? profiles;
      expect([name, other, there]).toEqual([name, other, profiles]);
    }
  }
});
