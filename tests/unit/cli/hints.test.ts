/** What a person is told to type can be copied, and times are legible. */
import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { helpText } from '../../../cli/documentation';
import { buildProgram, leafCommands } from '../../../cli/program';
import { moment } from '../../../cli/voice';
import { ERRORS, WatchlakeError, type ErrorCode, type ErrorContext } from '../../../core/errors';
import { PROJECT_ROOT } from '../../../core/project-root';
import { VARIABLES } from '../../../workers/config';
import { fakeClient, fakeContext, run, UP } from './fake-surroundings';

test('every command of a remedy can be copied in a clone', () => {
  const remedies = Object.values(ERRORS).map(({ remedy }) => remedy);
  expect(remedies.filter((remedy) => remedy.includes('`npx watchlake '))).not.toEqual([]);
  expect(remedies.filter((remedy) => /`watchlake /.test(remedy))).toEqual([]);
});

test('a status without a stack says what to type', async () => {
  const services = { readState: async () => null, supervisorOf: async () => null };
  const { stdout } = await run(['status'], { services });
  expect(stdout).toContain('`npx watchlake up` starts it');
});

test('a refresh names the rows in quarantine of each table', async () => {
  const table = { snapshotId: 's', rows: 9, reused: false, dropped: {}, noted: {} };
  const sick = { ...table, quarantined: { late: 1 }, firstProblems: ['a.csv:7 late'] };
  const well = { ...table, quarantined: {}, firstProblems: [] };
  const result = { releaseId: 'r', tables: { windows: well, recordings_trusted: sick } };
  const services = { connect: async () => fakeContext({ client: fakeClient({ result }, []) }) };
  const { stdout } = await run(['refresh', 'trial', '--home', '/tmp/a'], { services });
  const hints = stdout.split('\n').filter((line) => line.includes('more of them'));
  const command = 'npx watchlake quarantine show recordings_trusted --dataset trial --home /tmp/a';
  expect(hints).toEqual([`  more of them: ${command}`]);
});

test.each([
  [['refresh', 'trial'], ['windows', 'window_features'], 'loop --dataset trial'],
  [
    ['stedi', 'run'],
    ['customer_landing', 'machine_learning_curated'],
    'query "SELECT * FROM machine_learning_curated LIMIT 5" --dataset stedi',
  ],
])('%j says what comes next', async (words, names, next) => {
  const facts = { snapshotId: 's', rows: 9, reused: false, dropped: {}, noted: {} };
  const table = { ...facts, quarantined: {}, firstProblems: [] };
  const tables = Object.fromEntries(names.map((name) => [name, table]));
  const result = { releaseId: 'r', tables };
  const services = { connect: async () => fakeContext({ client: fakeClient({ result }, []) }) };
  const { stdout } = await run([...words, '--home', '/tmp/a'], { services });
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(`  next: npx watchlake ${next} --home /tmp/a`);
});

test('a time is told to the second, in UTC', () => {
  expect(moment('2026-11-27T03:40:44.896Z')).toBe('2026-11-27 03:40:44 UTC');
});

test('campaigns show legible times; --json keeps the standard form', async () => {
  const openedAt = '2026-11-27T03:40:44.896Z';
  const named = { campaign: 'c', dataset: 'trial', model: 'activity', status: 'closed', openedAt };
  const campaign = { ...named, tasks: 1, answered: 1, skipped: 0 };
  const annotation = {
    listCampaigns: async () => [campaign],
    countCampaigns: async () => ({ open: 0, closed: 1 }),
  };
  const services = {
    connect: async () => fakeContext({ annotation } as never),
    readState: async () => null,
  };
  const shown = await run(['campaigns', 'list'], { services });
  expect(shown.stdout).toContain('2026-11-27 03:40:44 UTC');
  const asJson = await run(['campaigns', 'list', '--json'], { services });
  expect(asJson.stdout).toContain(openedAt);
});

test.each<[ErrorCode, ErrorContext, string]>([
  ['DEVICES_MOVE', { count: 1, devices: 'a' }, '1 device belongs to somebody else: a.'],
  ['DEVICES_MOVE', { count: 2, devices: 'a, b' }, '2 devices belong to somebody else: a, b.'],
  ['ERASURE_INCOMPLETE', { count: 1, places: 'x' }, 'The person is still found in 1 place: x.'],
  [
    'TOPIC_MISMATCH',
    { topic: 't', actual: 1, expected: 4 },
    'The topic t has 1 partition, expected 4.',
  ],
])('%s of one is told in the singular', (code, context, said) => {
  expect(new WatchlakeError(code, context).message).toBe(said);
});

test('one migration is told as one', async () => {
  const services = { migrate: async () => ['20260101-a.sql'] };
  const { stdout } = await run(['migrate'], { services });
  expect(stdout).toBe('Ran 1 migration: 20260101-a.sql\n');
});

test('a command to copy asks the home that this one was given', async () => {
  const none = { readState: async () => null, supervisorOf: async () => null };
  const status = await run(['status', '--home', '/tmp/a'], { services: none });
  expect(status.stdout).toContain('`npx watchlake up --home /tmp/a` starts it');
  const up = await run(['up', '--detach', '--home', '/tmp/a'], {
    services: { readState: async () => UP, up: async () => UP },
  });
  expect(up.stdout).toContain('npx watchlake down --home /tmp/a   stops it');
});

test('a remedy starts the home that was asked for, not the usual one', async () => {
  const services = {
    readState: async () => null,
    connect: async () => {
      throw new WatchlakeError('STACK_NOT_RUNNING');
    },
  };
  const words = ['models', 'list'];
  const usual = await run(words, { services });
  expect(usual.stderr).toContain('remedy: Start it with `npx watchlake up`.');
  const other = await run([...words, '--home', '/tmp/a'], { services });
  expect(other.stderr).toContain('remedy: Start it with `npx watchlake up --home /tmp/a`.');
});

test('a home with a blank in its name is quoted wherever it is to be copied', async () => {
  const connect = () => Promise.reject(new WatchlakeError('STACK_NOT_RUNNING'));
  const words = ['models', 'list', '--home', "/tmp/Ann's lake"];
  const none = { connect, readState: async () => null, supervisorOf: async () => null };
  const quoted = String.raw`--home '/tmp/Ann'\''s lake`;
  const alone = await run(words, { services: none });
  expect(alone.stderr).toContain(`\`npx watchlake up ${quoted}'\``);
  const status = await run(['status', ...words.slice(2)], { services: none });
  expect(status.stdout).toContain(`\`npx watchlake up ${quoted}'\``);
  const demo = async (home: string) => (home.endsWith('demo') ? UP : null);
  const { stderr } = await run(words, { services: { ...none, readState: demo } });
  expect(stderr).toContain(`the demo is: ${quoted}/demo'\n`);
});

test('a status that cannot show every open run says that there are more', async () => {
  const services = (runs: number) => ({
    readState: async (home: string) => (home.endsWith('demo') ? null : UP),
    supervisorOf: async () => null,
    connect: async () => {
      const run = { workflowId: 'w', type: 'retrain', startTime: new Date(0) };
      const client = { workflow: { list: () => Array.from({ length: runs }, () => run) } };
      return fakeContext({ client } as never);
    },
  });
  const all = await run(['status'], { services: services(50) });
  expect(all.stdout).not.toContain('and more');
  const some = await run(['status'], { services: services(51) });
  expect(some.stdout).toContain('and more: the web UI lists all of them');
  expect(some.stdout.match(/ retrain /g)).toHaveLength(50);
});

test('the next run of a schedule is told as every time is', async () => {
  const state = { id: 'retrain-activity', workflow: 'retrain', paused: false, note: '' };
  const schedules = [{ ...state, nextRuns: ['2026-11-28T03:00:00.000Z'] }];
  const services = {
    connect: async () => fakeContext({}),
    listSchedules: async () => schedules as never,
  };
  const { stdout } = await run(['schedules', 'list'], { services });
  expect(stdout).toContain('2026-11-28 03:00:00 UTC');
});

test.each([
  [{ outcome: 'started', workflowId: 'retrain/a-1' }, 'has started retrain/a-1'],
  [{ outcome: 'skipped', workflowId: 'retrain/a-0' }, 'has started nothing: retrain/a-0'],
  [{ outcome: 'unknown' }, 'was triggered'],
] as const)('what a trigger has done: %j', async (triggered, said) => {
  const services = { connect: async () => fakeContext({}), triggerSchedule: async () => triggered };
  const { stdout } = await run(['schedules', 'trigger', 'a'], { services });
  expect(stdout).toContain(`a ${said}`);
  const names = 'workflowId' in triggered;
  const attach = names ? `npx watchlake attach ${triggered.workflowId}` : 'attach';
  expect(stdout.includes(attach)).toBe(names);
  const { stdout: json } = await run(['schedules', 'trigger', 'a', '--json'], { services });
  expect(JSON.parse(json)).toMatchObject({ ok: true, id: 'a', ...triggered });
});

test.each([
  [['ward'], false, true],
  [['ward', 'trial'], false, false],
  [['ward'], true, false],
])(
  'schedules of a dataset without recordings: of %j, paused %j',
  async (landed, paused, isTold) => {
    const state = { paused, note: '', nextRuns: [], recentRuns: [], outcome: 'created' as const };
    const schedules = [
      { ...state, id: 'retrain-a', workflow: 'retrain', recordingsOf: 'trial' },
      { ...state, id: 'labels-a', workflow: 'annotationCampaign', recordingsOf: 'trial' },
      { ...state, id: 'land-devices', workflow: 'landDeviceEvents' },
    ];
    const services = {
      connect: async () => fakeContext({ datasets: async () => landed }),
      applySchedules: async () => schedules,
    };
    const { stderr } = await run(['schedules', 'apply'], { services });
    const told =
      'No recordings of trial have landed (the lake has: ward); until they have, runs of retrain-a, labels-a fail.';
    expect(stderr.includes(told)).toBe(isTold);
  },
);

test('schedules are applied whether or not the lake can be looked at', async () => {
  const state = { paused: false, note: '', nextRuns: [], recentRuns: [] };
  const schedules = [{ ...state, id: 'a', workflow: 'retrain', recordingsOf: 'trial' }];
  const services = {
    connect: async () => fakeContext({ datasets: () => Promise.reject(new Error('away')) }),
    applySchedules: async () => schedules,
  };
  const { exitCode, stdout } = await run(['schedules', 'apply', '--json'], { services });
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, schedules: [{ id: 'a' }] });
});

test('of a device without tokens nothing is said of the others', async () => {
  const tokens = { list: async () => [] } as never;
  const services = { openDeviceTokens: async () => ({ tokens, close: async () => undefined }) };
  const { stdout } = await run(['devices', 'token', 'list', '--device', 'w-1'], { services });
  expect(stdout).toBe(
    'There are no tokens of the device w-1; `npx watchlake devices token issue w-1` makes one.\n',
  );
});

test.each(['w-1 ', '', 'w'.repeat(200)])(
  'no token is made for %j, of which no event can come',
  async (device) => {
    let opened = 0;
    const tokens = { issue: async () => ({ deviceId: device, token: 't', tokenId: 'i' }) } as never;
    const services = {
      openDeviceTokens: async () => ({ tokens, close: async () => void (opened += 1) }),
    };
    const { exitCode, stderr } = await run(['devices', 'token', 'issue', device], { services });
    expect([exitCode, opened]).toEqual([1, 0]);
    expect(stderr).toContain('printable characters without spaces at the ends');
  },
);

// Of services that have their own.
const FOREIGN = /^AWS_/;
const optionsOf = (command: Command): string[] =>
  command.options.flatMap(({ long }) => (long ? [long] : []));

/** The command that the words call, and those of its options that it does not have. */
function strangeIn(words: readonly string[]): string[] {
  let command = buildProgram(() => () => Promise.resolve());
  for (const word of words) {
    const child = command.commands.find((each) => each.name() === word);
    if (child === undefined) break;
    command = child;
  }
  const known = new Set([...optionsOf(command), '--help']);
  if (command.parent === null && !words[0]?.startsWith('<')) return [...words];
  return words.filter((word) => word.startsWith('--') && !known.has(word));
}

test('what a remedy or a help names is there: commands, options, variables and pages', () => {
  const program = buildProgram(() => () => Promise.resolve());
  const commands = leafCommands(program).map(({ command }) => command);
  const remedies = Object.values(ERRORS).map(({ remedy }) => remedy);
  const helps = [program, ...commands].map(helpText);
  const options = new Set([...[program, ...commands].flatMap(optionsOf), '--help']);
  const isThere = (name: string): boolean => {
    if (FOREIGN.test(name)) return true;
    if (name.startsWith('docs/')) return existsSync(join(PROJECT_ROOT, name));
    return name.startsWith('--') ? options.has(name) : name in VARIABLES;
  };
  const NAMED = /(?<![\w-])--[a-z][a-z-]*|\b[A-Z]+(?:_[A-Z0-9]+)+\b|docs\/[a-z-]+\.md/g;
  const texts = [...remedies, ...helps];
  const quoted = texts.flatMap((text) =>
    [...text.matchAll(/`npx watchlake ([^`]+)`/g)].map(([, words = '']) => words),
  );
  expect(quoted.length).toBeGreaterThan(20);
  expect(quoted.filter((words) => strangeIn(words.split(/\s+/)).length > 0)).toEqual([]);
  const named = texts.flatMap((text) => text.match(NAMED) ?? []);
  expect([...new Set(named)].filter((name) => !isThere(name))).toEqual([]);
});
