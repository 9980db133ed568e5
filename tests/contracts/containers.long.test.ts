/** The containers of ours, without an engine: their own commands and variables, against the embedded stack. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createEmptyDatabase, type TestDatabase } from '../support/database';
import { runContainer, type Container, type Surroundings } from '../support/compose-container';
import { makeTestHome } from '../support/start-stack';
import { kafkaAddresses } from '../support/streams';
import { createTestNamespace, until, type TestNamespace } from '../support/test-namespace';

const SECRETS = {
  ...{ POSTGRES_PASSWORD: 'unused', APP_TOKEN: 'o'.repeat(40) },
  ...{ WORKER_TOKEN: 'w'.repeat(40), INGEST_TOKEN: 'i'.repeat(40) },
};
const LIMIT_MS = 90_000;

let database: TestDatabase;
let namespace: TestNamespace;
let surroundings: Surroundings;
let [page, ingest] = ['', ''];
const running: Container[] = [];

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

beforeAll(async () => {
  const home = await makeTestHome();
  database = await createEmptyDatabase();
  namespace = await createTestNamespace('containers');
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  [page, ingest] = [`http://127.0.0.1:${ports[0]}`, `http://127.0.0.1:${ports[1]}`];
  surroundings = {
    ...{ home, secrets: SECRETS },
    places: {
      'postgres://watchlake:unused@postgres:5432/watchlake': database.url,
      'temporal:7233': process.env.TEMPORAL_ADDRESS ?? '',
      'kafka:19092': kafkaAddresses().join(','),
      // Other tests use this machine as well: ports that nobody has, and loopback alone.
      ...{ '0.0.0.0': '127.0.0.1', '8080': String(ports[0]), '62333': String(ports[1]) },
      ...{ '9464': String(ports[2]), 'http://page:': 'http://127.0.0.1:' },
    },
    // Other tests use this server and this broker as well.
    additions: {
      TEMPORAL_NAMESPACE: namespace.namespace,
      EVENTS_TOPIC: `containers.${randomUUID()}`,
    },
  };
  await mkdir(join(home, 'made'));
}, LIMIT_MS);

afterAll(async () => {
  await Promise.all(running.map((container) => container.stop()));
  await namespace.close();
  await database.drop();
  await rm(surroundings.home, { recursive: true, force: true });
});

const run = async (name: string, words?: readonly string[]) =>
  runContainer(name, surroundings, words).ended;

const statusOf = async (url: string, token?: string): Promise<number> =>
  (await fetch(url, { headers: token ? { authorization: `Bearer ${token}` } : {} })).status;

test(
  'nothing of ours starts on a database that is not migrated',
  async () => {
    const ended = await Promise.all(['worker', 'page', 'ingest'].map((name) => run(name)));
    for (const { code, stderr } of ended) {
      expect(stderr).toContain('lacks migrations');
      expect(code).toBe(1);
    }
  },
  LIMIT_MS,
);

test(
  'migrate ends well, also when there is nothing to do',
  async () => {
    expect(await run('migrate')).toMatchObject({ code: 0 });
    expect(await run('migrate')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('of this version already') as string,
    });
  },
  LIMIT_MS,
);

test(
  'worker, page and ingest server become healthy side by side',
  async () => {
    const containers = ['worker', 'page', 'ingest'].map((name) => runContainer(name, surroundings));
    running.push(...containers);
    expect(await containers[0]?.isHealthy()).toBe(false);
    await Promise.all(containers.map((each) => until(() => each.isHealthy(), LIMIT_MS)));
  },
  LIMIT_MS,
);

test('the page and the ingest server let in who has a token, and nobody else', async () => {
  expect(await statusOf(`${page}/api/overview`)).toBe(401);
  expect(await statusOf(`${page}/api/overview`, SECRETS.APP_TOKEN)).toBe(200);
  expect(await statusOf(`${page}/api/overview`, SECRETS.WORKER_TOKEN)).toBe(200);
  expect(await statusOf(`${ingest}/metrics`)).toBe(401);
  expect(await statusOf(`${ingest}/metrics`, SECRETS.INGEST_TOKEN)).toBe(403);
});

test(
  'the command line makes events, sends them, and has the worker land them',
  async () => {
    const { home } = surroundings;
    const cli = async (...words: string[]) => {
      const { code, stdout, stderr } = await run('cli', [...words, '--json']);
      if (code !== 0) throw new Error(stderr);
      return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
    };
    const made = join(home, 'made');
    const amounts = ['--users', '2', '--days', '2', '--every', '1800'];
    await cli('devices', 'generate', '--out', made, ...amounts);
    const events = join(made, 'events.jsonl');
    const sent = await cli('devices', 'send', '--file', events, '--server', ingest, '--fast');
    const { counts } = JSON.parse(await readFile(join(made, 'expected.json'), 'utf8')) as {
      counts: { events: number };
    };
    expect(sent).toMatchObject({ accepted: counts.events });
    expect(await cli('devices', 'land')).toMatchObject({ rows: counts.events });
  },
  LIMIT_MS,
);

test(
  'all of them end well at SIGTERM',
  async () => {
    const ended = await Promise.all(running.splice(0).map((container) => container.stop()));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
  },
  LIMIT_MS,
);
