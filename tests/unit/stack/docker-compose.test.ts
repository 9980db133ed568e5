/** docker-compose.yml: valid by the specification, closed to the network, pinned, without secrets. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2019';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { PROJECT_ROOT } from '../../../core/project-root';
import { KAFKA_VERSION } from '../../../stack/kafka-libraries';
import { SEARCH_ATTRIBUTES } from '../../../stack/temporal-namespace';

interface Service {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: object;
  readonly restart?: string;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
}

const read = (...names: string[]): string => readFileSync(join(PROJECT_ROOT, ...names), 'utf8');
const text = read('docker-compose.yml');
const compose = parse(text) as Compose;
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

test('has Temporal with its web UI, Kafka, PostgreSQL and an S3 server', () => {
  expect(Object.keys(compose.services)).toEqual(
    expect.arrayContaining(['temporal', 'temporal-ui', 'kafka', 'postgres', 's3']),
  );
  expect(compose.services['kafka']?.image).toBe(`apache/kafka:${KAFKA_VERSION}`);
  expect(compose.services['postgres']?.image).toMatch(/^postgres:18\./);
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
    .filter(([name]) => /PASSWORD|PWD|SECRET|ACCESS_KEY/.test(name));
  expect(secrets.length).toBeGreaterThan(3);
  for (const [, value] of secrets) expect(value).toMatch(/^\$\{[A-Z0-9_]+:\?.+\}$/);
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
