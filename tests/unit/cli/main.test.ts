import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WatchlakeError } from '../../../core/errors';
import { rememberPorts } from '../../../stack/stack';
import type { CommandLake } from '../../../workers/connect';
import { fakeContext, onlyObject, run, UP } from './fake-surroundings';

const query = (rows: Record<string, unknown>[], columns = ['label', 'windows']) => ({
  openLake: async () =>
    ({ query: async () => ({ columns, rows, truncated: true }) }) as unknown as CommandLake,
});

const ROWS = [
  { label: 'row', windows: 12 },
  { label: 'curl, "left"', windows: null },
];

test('with --json, stdout is one object on one line, and everything else is on stderr', async () => {
  const words = ['query', 'SELECT 1', '--limit', '2', '--json'];
  const { exitCode, stdout, stderr } = await run(words, { services: query(ROWS) });
  expect(exitCode).toBe(0);
  expect(onlyObject(stdout)).toEqual({
    ok: true,
    columns: ['label', 'windows'],
    rows: ROWS,
    truncated: true,
  });
  expect(stderr).toContain('There are more rows than 2');
});

test('a 64-bit figure loses no digit in JSON', async () => {
  const services = query([{ n: 2n ** 60n }], ['n']);
  const { stdout } = await run(['query', 'SELECT 1', '--json'], { services });
  expect(onlyObject(stdout)).toMatchObject({ rows: [{ n: '1152921504606846976' }] });
});

test.each([
  ['csv', 'label,windows\nrow,12\n"curl, ""left""",\n'],
  ['json', `${JSON.stringify(ROWS)}\n`],
])('a query answers in %s', async (format, expected) => {
  const words = ['query', 'SELECT 1', '--format', format];
  expect((await run(words, { services: query(ROWS) })).stdout).toBe(expected);
});

test('a query answers in a table without colours when stdout is no terminal', async () => {
  const { stdout } = await run(['query', 'SELECT 1'], { services: query(ROWS) });
  expect(stdout).toBe(
    '  label          windows\n  row                 12\n  curl, "left"      NULL\n',
  );
});

test('a table tells nothing at all from an empty text; CSV and JSON keep their forms', async () => {
  const services = query([{ label: null }, { label: '' }], ['label']);
  const inForm = async (form: string) =>
    (await run(['query', 'SELECT 1', '--format', form], { services })).stdout;
  expect(await inForm('table')).toBe('  label\n  NULL\n\n');
  expect(await inForm('csv')).not.toContain('NULL');
  expect(await inForm('json')).toBe('[{"label":null},{"label":""}]\n');
});

test('CSV keeps rows that end empty, and blanks at the end of the last', async () => {
  const csv = async (rows: Record<string, unknown>[]) =>
    (await run(['query', 'SELECT 1', '--format', 'csv'], { services: query(rows, ['label']) }))
      .stdout;
  expect(await csv([{ label: 'row' }, { label: null }, { label: null }])).toBe('label\nrow\n\n\n');
  expect(await csv([{ label: 'row ' }])).toBe('label\nrow \n');
});

// More than a call takes arguments.
const MANY = Array.from({ length: 150_000 }, (_, at) => ({ n: at }));

test.each([[[]], [['--json']]])(
  'a query may answer with many rows: %j',
  async (words) => {
    const { exitCode, stdout } = await run(['query', 'SELECT 1', ...words], {
      services: query(MANY, ['n']),
    });
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')).toHaveLength(words.length === 0 ? MANY.length + 2 : 2);
  },
  60_000,
);

const broken = (error: Error) => ({ openLake: () => Promise.reject(error) });

test('a failure is `error` and `remedy` on stderr, and nothing on stdout', async () => {
  const error = new WatchlakeError('QUERY_INVALID', { detail: 'no such table' });
  const run1 = await run(['query', 'SELECT 1'], { services: broken(error) });
  expect({ exitCode: run1.exitCode, stdout: run1.stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(run1.stderr).toBe(`error: ${error.message}\nremedy: ${error.remedy}\n`);
});

test('with --json a failure is one object with code, message and remedy', async () => {
  const error = new WatchlakeError('QUERY_INVALID', { detail: 'no such table' });
  const { exitCode, stdout } = await run(['query', 'x', '--json'], { services: broken(error) });
  const { code, message, remedy } = error;
  expect(exitCode).toBe(1);
  expect(onlyObject(stdout)).toEqual({ ok: false, error: { code, message, remedy } });
});

test('with --json a mistake in the command line is one object as well', async () => {
  const { exitCode, stdout } = await run(['ingest', 'a.zip', '--json']);
  expect(exitCode).toBe(1);
  expect(onlyObject(stdout)).toMatchObject({ ok: false, error: { code: 'USAGE_INVALID' } });
});

test('what nobody foresaw says where the logs are, and shows a trace at LOG_LEVEL=debug only', async () => {
  const services = broken(new TypeError('x is undefined'));
  const plain = await run(['query', 'x'], { services });
  expect(plain.stderr).toContain('error: x is undefined');
  expect(plain.stderr).toMatch(/logs: .*logs\n/);
  expect(plain.stderr).not.toContain('at ');
  const environment = { LOG_LEVEL: 'debug' };
  const debug = await run(['query', 'x'], { services, environment });
  expect(debug.stderr).toMatch(/TypeError: x is undefined\n\s+at /);
});

test('a wrong configuration names every bad variable', async () => {
  const environment = { KAFKA_PARTITIONS: '0', TEMPORAL_TLS: 'perhaps' };
  const { exitCode, stderr } = await run(['down'], { environment });
  expect(exitCode).toBe(1);
  expect(stderr).toContain('KAFKA_PARTITIONS');
  expect(stderr).toContain('TEMPORAL_TLS');
});

test('the password of the database is shown to nobody', async () => {
  const services = { readState: async () => UP, up: async () => UP };
  for (const words of [
    ['up', '--detach'],
    ['up', '--detach', '--json'],
  ]) {
    const { exitCode, stdout, stderr } = await run(words, { services });
    expect(exitCode).toBe(0);
    expect(stdout + stderr).toContain('127.0.0.1:8233');
    expect(stdout + stderr).not.toContain('secret');
  }
});

test('up in the foreground prints the addresses once it is ready, and ends with it', async () => {
  const services = {
    readState: async () => null,
    runForeground: async ({ onReady }: { onReady: (state: typeof UP) => void }) => onReady(UP),
  };
  const { exitCode, stdout, stderr } = await run(['up', '--json'], { services });
  expect(exitCode).toBe(0);
  expect(stderr).toContain('http://127.0.0.1:8080');
  expect(onlyObject(stdout)).toEqual({ ok: true, stopped: true });
});

test.each([
  [9999, true],
  [8080, false],
])('up says that the application page was on port %d: %j', async (port, isTold) => {
  const home = await mkdtemp(join(tmpdir(), 'watchlake-moved-'));
  try {
    await rememberPorts(home, { app: port });
    const services = {
      readState: async () => null,
      up: async () => UP,
      runForeground: async ({ onReady }: { onReady: (state: typeof UP) => void }) => onReady(UP),
    };
    const detached = await run(['up', '--detach', '--home', home], { services });
    const inFront = await run(['up', '--home', home], { services });
    for (const text of [detached.stdout, inFront.stderr]) {
      expect(text.includes(`listens on port 8080, not on ${port} as before.`)).toBe(isTold);
    }
  } finally {
    await rm(home, { recursive: true });
  }
});

test('down stops the home and the demo inside it', async () => {
  const homes: string[] = [];
  const down = async ({ home }: { home: string }) => ({ stopped: homes.push(home) === 2 });
  const { stdout } = await run(['down', '--home', '/tmp/a', '--json'], { services: { down } });
  expect(homes).toEqual(['/tmp/a', '/tmp/a/demo']);
  expect(onlyObject(stdout)).toEqual({ ok: true, stopped: ['/tmp/a/demo'] });
});

test('status of a home that does not run is an answer, not an error', async () => {
  const services = { readState: async () => null, supervisorOf: async () => null };
  const words = ['status', '--home', '/tmp/a', '--json'];
  const { exitCode, stdout } = await run(words, { services });
  expect(exitCode).toBe(0);
  const stopped = { ok: true, home: '/tmp/a', running: false, starting: false, demo: null };
  expect(onlyObject(stdout)).toEqual(stopped);
});

test('status of a home that starts says so, and so it does of the demo', async () => {
  for (const home of ['/tmp/a', '/tmp/a/demo']) {
    const supervisorOf = async (asked: string) => (asked === home ? 4711 : null);
    const services = { readState: async () => null, supervisorOf };
    const { stdout } = await run(['status', '--home', '/tmp/a'], { services });
    expect(stdout).toMatch(new RegExp(`^${home}\\s+starting; `, 'm'));
    const json = onlyObject(
      (await run(['status', '--home', '/tmp/a', '--json'], { services })).stdout,
    );
    expect(json).toMatchObject(
      home === '/tmp/a'
        ? { starting: true, demo: null }
        : { starting: false, demo: { starting: true } },
    );
  }
});

test('status tells of a part that is started again, and waits for nothing', async () => {
  let given: unknown[] = [];
  const services = {
    readState: async (asked: string) => (asked === '/tmp/a' ? UP : null),
    supervisorOf: async () => null,
    connect: (...all: unknown[]) => {
      given = all.slice(1);
      return Promise.reject(new WatchlakeError('STACK_NOT_RUNNING', { what: 'Kafka' }));
    },
  };
  const { exitCode, stdout } = await run(['status', '--home', '/tmp/a'], { services });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Kafka has ended; the supervisor starts it again');
  expect(stdout).toMatch(/where it stays away, \S+\/supervisor\.log says why/);
  expect(given).toEqual([undefined]);
  const json = await run(['status', '--home', '/tmp/a', '--json'], { services });
  expect(onlyObject(json.stdout)).toMatchObject({ running: true, missing: 'Kafka', workflows: [] });
});

test.each([
  ['models', 'list'],
  ['ingest', 'recordings.zip', '--dataset', 'trial'],
  ['devices', 'serve'],
  ['devices', 'token', 'list'],
  ['devices', 'profiles', 'list'],
  ['migrate'],
  ['page'],
])('what %s %s waits for is said on stderr alone', async (...words) => {
  const waits = (...all: unknown[]) => {
    (all.at(-1) as (sentence: string) => void)('Waiting for Kafka');
    return Promise.reject(new WatchlakeError('STACK_NOT_READY', { what: 'Kafka' }));
  };
  const services = {
    ...{ connect: waits, migrate: waits, startPage: waits, startIngest: waits },
    ...{ openDeviceProfiles: waits, openDeviceTokens: waits },
  };
  const { stdout, stderr } = await run([...words, '--json'], { services });
  expect(stderr).toBe('Waiting for Kafka\n');
  expect(onlyObject(stdout)).toMatchObject({ error: { code: 'STACK_NOT_READY' } });
});

test('help before a command is --help after it', async () => {
  for (const words of [['models'], ['models', 'show'], []]) {
    const { exitCode, stdout } = await run(['help', ...words]);
    expect(exitCode).toBe(0);
    expect(stdout).toBe((await run([...words, '--help'])).stdout);
  }
});

test.each([
  ['statsu', '--help'],
  ['help', 'statsu'],
  ['models', 'lsit', '-h'],
  ['models', 'help', 'lsit'],
])('help of a command that there is not says so (%s %s)', async (...words) => {
  const { exitCode, stdout, stderr } = await run(words);
  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(
    /^error: Unknown command '(statsu|lsit)'\n\(Did you mean (status|list)\?\)/,
  );
});

test('an option of a command that stands before it is told where it belongs', async () => {
  const { exitCode, stderr } = await run(['--home', '/tmp/a', 'status']);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    "Option '--home' stands before a command: a command's options follow it.",
  );
});

test('who asks a home that does not run hears of the demo that does', async () => {
  const services = {
    connect: () => Promise.reject(new WatchlakeError('STACK_NOT_RUNNING', { what: 'Temporal' })),
    readState: async (home: string) => (home === '/tmp/a/demo' ? UP : null),
  };
  const { exitCode, stderr } = await run(['models', 'list', '--home', '/tmp/a'], { services });
  expect(exitCode).toBe(1);
  expect(stderr).toContain('the demo is: --home /tmp/a/demo\n');
  const alone = { ...services, readState: async () => null };
  const nothing = await run(['models', 'list', '--home', '/tmp/a'], { services: alone });
  expect(nothing.stderr).toContain('Temporal is not running');
});

test('Ctrl-C while the stack starts says how to wait for it, and how to stop it', async () => {
  const services = { readState: async () => null, up: () => new Promise<never>(() => undefined) };
  const { exitCode, stderr } = await run(['up', '--detach'], {
    services,
    onListening: (interrupt) => setImmediate(interrupt),
  });
  expect(exitCode).toBe(130);
  expect(stderr).toContain('watchlake down');
  expect(stderr).not.toContain('attach');
});

test('doctor fails when something is missing, and says how to get it', async () => {
  const examine = async () => [
    { name: 'Node', status: 'ok' as const, found: '22.1.0' },
    { name: 'Java', status: 'missing' as const, found: 'none', remedy: 'Install Java 17.' },
  ];
  const { exitCode, stdout } = await run(['doctor'], { services: { examine } });
  expect(exitCode).toBe(1);
  expect(stdout).toContain('1 missing');
  expect(stdout).toContain('Install Java 17.');
});

test('models show has the figures of a champion that was measured when it was compared', async () => {
  const card = { data: { dataset: 'trial', windows: 186 }, evaluation: null };
  const createdAt = '2026-03-01T08:00:00.000Z';
  const versions = [
    { version: '2', createdAt, removedAt: null, card },
    { version: '1', createdAt, removedAt: createdAt, card },
  ];
  const registry = {
    listVersions: async () => versions,
    getAlias: async () => ({ version: '2', generation: 2 }),
    history: async () => [],
    verdicts: async () => [],
  };
  const holdoutScores = async () => new Map([['2', { accuracy: 0.912, macroF1: 0.887 }]]);
  const connect = async () => fakeContext({ registry, holdoutScores } as never);
  const { stdout } = await run(['models', 'show', 'activity'], { services: { connect } });
  expect(stdout).toMatch(/2 \(champion\).+ 186 +holdout +0\.912 +0\.887/);
  expect(stdout).toMatch(/1 \(removed\).+ 186/);
});

test('models show says why the gate turned a version down', async () => {
  const card = { data: { dataset: 'trial', windows: 186 }, evaluation: null };
  const explanation = 'The holdout has 4 people whom neither version has seen, 6 are needed.';
  const registry = {
    listVersions: async () => [{ version: '2', createdAt: '2026-03-01T08:00:00.000Z', card }],
    getAlias: async () => ({ version: '1', generation: 1 }),
    history: async () => [],
    verdicts: async () => [
      {
        ...{ model: 'activity', run: 'r', champion: '1', challenger: '2', evidence: {} },
        ...{ outcome: 'reject', reason: 'few-subjects', explanation },
        decidedAt: '2026-03-01T08:05:00.000Z',
      },
    ],
  };
  const connect = async () =>
    fakeContext({ registry, holdoutScores: async () => new Map() } as never);
  const { stdout } = await run(['models', 'show', 'activity'], { services: { connect } });
  expect(stdout).toMatch(/08:05:00 UTC +2 +1 +reject +few-subjects/);
  expect(stdout).toContain(explanation);
});
