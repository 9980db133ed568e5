import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stageReporter } from '../../../cli/commands/demo';
import { loopFigures, showLoop } from '../../../cli/loop-summary';
import { createVoice } from '../../../cli/voice';
import { WatchlakeError } from '../../../core/errors';
import { loadConfig, type Config } from '../../../workers/config';
import { configuration } from '../../../workers/control';
import type { LoopResult } from '../../../workflows/active-learning-loop';
import type { RetrainResult } from '../../../workflows/retrain';
import {
  captured,
  fakeClient,
  fakeContext,
  onlyObject,
  run,
  UP,
  type RunCall,
} from './fake-surroundings';

const verdict = (outcome: 'promote' | 'reject', pValue: number | null): RetrainResult => ({
  model: 'activity',
  outcome,
  reason: outcome === 'promote' ? 'proved-better' : 'not-proved-better',
  explanation: 'because',
  pValue,
  meanDifference: 0.1,
  champion: null,
  challenger: null,
  comparisonKey: null,
  needed: [],
  newHoldoutAdvised: false,
});

const table = (rows: number, quarantined: Record<string, number> = {}) => ({
  snapshotId: 's',
  rows,
  reused: false,
  quarantined,
  dropped: {},
  firstProblems: [],
});

const RESULT: LoopResult = {
  name: 'demo',
  stages: { ingest: 1.5, refresh: 2 },
  landing: {
    dataset: 'watch-exercises',
    table: 'recordings_landing',
    snapshotId: 's',
    members: 140,
    rows: 244_102,
    quarantined: {},
    alreadyLanded: false,
  },
  tables: { recordings_trusted: table(244_100, { 'not-a-number': 2 }), windows: table(2330) },
  windowsPredicted: 2000,
  labels: 300,
  campaign: {
    campaign: 'demo',
    tasks: 300,
    labels: 300,
    uncertain: 255,
    audit: 45,
    skipped: 0,
    reminders: 0,
    outcome: 'complete',
    snapshotId: 's',
  },
  retrains: [verdict('promote', 0.015625), verdict('reject', null)],
  champion: {
    before: { version: '1', accuracy: 0.6, macroF1: 0.55 },
    after: { version: '2', accuracy: 0.9, macroF1: 0.89 },
  },
  reportUri: 'file:///tmp/demo/report.html',
};

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'watchlake-demo-'));
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function runDemo(words: string[], environment: NodeJS.ProcessEnv = {}) {
  const calls: RunCall[] = [];
  const started: Config[] = [];
  const stopped: string[] = [];
  const client = fakeClient({ result: RESULT }, calls);
  const services = {
    down: async (options: { home: string }) => ({ stopped: stopped.push(options.home) > 0 }),
    up: async (options: { config: Config }) => (started.push(options.config) > 0 ? UP : UP),
    connect: async () => fakeContext({ client }),
  };
  const result = await run(['demo', '--home', home, ...words], { services, environment });
  return { calls, started, stopped, ...result };
}

test('demo --json ends with the figures of the whole loop', async () => {
  const { exitCode, stdout } = await runDemo(['--json']);
  expect(exitCode).toBe(0);
  const object = onlyObject(stdout);
  expect(object).toEqual({
    ok: true,
    seconds: expect.any(Number) as number,
    stages: { start: expect.any(Number) as number, ingest: 1.5, refresh: 2 },
    tables: {
      recordings_landing: { rows: 244_102, quarantined: {} },
      recordings_trusted: { rows: 244_100, quarantined: { 'not-a-number': 2 } },
      windows: { rows: 2330, quarantined: {} },
    },
    windowsPredicted: 2000,
    labels: 300,
    champion: RESULT.champion,
    retrains: [
      { outcome: 'promote', reason: 'proved-better', pValue: 0.015625 },
      { outcome: 'reject', reason: 'not-proved-better', pValue: null },
    ],
    addresses: { temporal: UP.temporal.uiUrl, app: UP.app.url },
    report: '/tmp/demo/report.html',
  });
});

test('the demo stops the one before, forgets its data, and leaves all else alone', async () => {
  await mkdir(join(home, 'demo', 'lake'), { recursive: true });
  await writeFile(join(home, 'demo', 'lake', 'old'), 'old');
  await mkdir(join(home, 'lake'));
  const { stopped, started } = await runDemo([]);
  expect(stopped).toEqual([join(home, 'demo')]);
  expect(started[0]).toMatchObject({
    WATCHLAKE_HOME: join(home, 'demo'),
    LAKE_URI: join(home, 'demo', 'lake'),
  });
  expect(started[0]?.WATCHLAKE_PSEUDONYM_KEY).toBeTruthy();
  expect(await readdir(home)).toEqual(['demo', 'lake']);
  expect(await readdir(join(home, 'demo'))).toEqual(['secrets']);
});

test('the demo keeps its tables in its own lake, whatever catalogue the user has', async () => {
  const environment = { CATALOG: 'glue', LAKE_URI: 's3://bucket/lake' };
  const { exitCode, started } = await runDemo([], environment);
  expect([exitCode, started[0]?.CATALOG]).toEqual([0, 'file']);
  // As its supervisor reads them.
  const { CATALOG, LAKE_URI } = loadConfig({
    ...environment,
    ...configuration(started[0] as Config),
  });
  expect([CATALOG, LAKE_URI]).toEqual(['file', join(home, 'demo', 'lake')]);
});

test('a demo that fails is helped in its own home', async () => {
  const services = {
    down: async () => ({ stopped: false }),
    up: async () => Promise.reject(new WatchlakeError('TEMPORAL_UNAVAILABLE', { detail: 'gone' })),
  };
  const { exitCode, stderr } = await run(['demo', '--home', home], { services });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/`npx watchlake up --home [^`]*\/demo`/);
  const broken = { ...services, up: async () => Promise.reject(new Error('broken')) };
  const told = await run(['demo', '--home', home], { services: broken });
  expect(told.stderr).toContain(`logs: ${join(home, 'demo', 'logs')}`);
});

test('the demo is ended with a command that ends this one', async () => {
  const { stdout } = await runDemo([]);
  expect(stdout).toContain(`npx watchlake down --home ${home}   stops it`);
});

test('each demo starts the same loop', async () => {
  const { calls } = await runDemo(['--by-hand', '5']);
  expect(calls).toEqual([
    {
      workflow: 'activeLearningLoop',
      workflowId: 'loop/demo',
      input: {
        name: 'demo',
        source: expect.stringMatching(/^\/.*data\/sample\/watch-exercises\.zip$/) as string,
        dataset: 'watch-exercises',
        answeredBy: 'oracle',
        negativeControl: true,
        speed: 0,
        labels: 300,
        byHand: 5,
      },
    },
  ]);
});

test('on services that run elsewhere each demo has names of its own', async () => {
  const { calls, stderr } = await runDemo([], { KAFKA_BROKERS: 'kafka:9092' });
  const input = calls[0]?.input as { name: string; dataset: string; model: string };
  expect(input.name).toMatch(/^demo-\d{8}t\d{6}z$/);
  expect(input).toMatchObject({ dataset: `watch-exercises-${input.name}`, model: input.name });
  expect(stderr).toContain('Services that run elsewhere');
});

test('the summary has the tables, both champions, the verdicts, the addresses and how to stop it', async () => {
  const { stdout } = await runDemo([]);
  for (const part of [
    '244,102',
    'not-a-number 2',
    '0.550',
    '0.890',
    'promote',
    'not-proved-better',
    '0.0156',
    'http://127.0.0.1:8233',
    'file:///tmp/demo/report.html',
    'npx watchlake down',
  ]) {
    expect(stdout).toContain(part);
  }
});

test('a loop on an engine of AWS tells what its refresh has cost, about', () => {
  const cost = { what: 'j-1: 2 instances', seconds: 1200, costUsd: 0.3, pricesOf: '2026-05-31' };
  const stream = captured();
  const figures = loopFigures({ ...RESULT, cost });
  expect(figures.cost).toEqual(cost);
  showLoop(createVoice(stream), {}, { title: 'The loop wsu has ended', figures });
  expect(stream.text()).toContain('about $0.30 for j-1: 2 instances (prices of 2026-05-31)');
});

test('recordings in another unit are removed by the command that is told, in their home', () => {
  const stream = captured();
  const sampling = { rateHz: 50_000, likelyUnit: 'seconds' as const };
  const landing = { ...(RESULT.landing as NonNullable<LoopResult['landing']>), sampling };
  const figures = loopFigures({ ...RESULT, landing });
  showLoop(createVoice(stream), { homeOption: '/srv/wl' }, { title: 'Ended', figures });
  const removal = 'npx watchlake datasets remove watch-exercises --home /srv/wl';
  expect(stream.text()).toContain(`again: ${removal}\n`);
});

test('the times of the stages are broken between two of them where the terminal is narrow', () => {
  const stream = captured();
  const names = ['ingest', 'refresh', 'train', 'stream again', 'negative control'];
  const stages = Object.fromEntries(names.map((name) => [name, 305.2]));
  const figures = { ...loopFigures(RESULT), stages };
  const voice = { ...createVoice(stream), width: 60 };
  showLoop(voice, {}, { title: 'The demo has ended', figures });
  const lines = stream.text().split('\n');
  const told = lines.filter((line) => line.includes('5 min 5 s'));
  expect(told).toEqual([
    '  ingest 5 min 5 s · refresh 5 min 5 s · train 5 min 5 s',
    '  stream again 5 min 5 s · negative control 5 min 5 s',
  ]);
});

test('each stage is told once when it has ended, and the label page when it is wanted', () => {
  const stream = captured();
  const notes = createVoice(stream);
  const line = { note: (text: string) => notes.line(text) };
  let asked = 0;
  const report = stageReporter(notes, () => (asked += 1));
  report({ step: 'ingest', facts: {} }, line);
  const facts = { ingest: '1.5 s', skippedOffsets: 0, waitsFor: 'up to 300 answers' };
  report({ step: 'label', facts }, line);
  report({ step: 'label', facts }, line);
  expect(stream.text()).toBe('  ✓ ingest 1.5 s\n');
  expect(asked).toBe(1);
});

test('attach shows where the report of a loop lies', async () => {
  const client = fakeClient({ result: RESULT, type: 'activeLearningLoop' }, []);
  const services = { connect: async () => fakeContext({ client }) };
  const { stdout } = await run(['attach', 'loop/demo'], { services });
  expect(stdout).toMatch(/ {2}report {2}file:\/\/\/\S+/);
});
