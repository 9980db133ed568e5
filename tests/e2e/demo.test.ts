/** The whole loop on the shipped recordings, undisturbed and with its worker killed. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../core/project-root';
import { runDemo, type DemoRun } from './demo-run';
import { expectSameOutcome } from './expect-same-outcome';

const DEMO_LIMIT_MS = 15 * 60_000;

/** The sum over all labels; of one table when it is named. */
const counted = (metrics: string, name: string, table = ''): number =>
  metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && line.includes(table))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);

let undisturbed: DemoRun;

beforeAll(async () => {
  undisturbed = await runDemo();
}, DEMO_LIMIT_MS);

test('lands, cleans and windows every sample of the shipped recordings', () => {
  const { tables } = undisturbed.result;
  expect(tables.recordings_landing?.rows).toBe(244_102);
  expect(tables.recordings_trusted).toMatchObject({ rows: 244_102, quarantined: {} });
  expect(tables.windows?.rows).toBe(tables.window_features?.rows);
});

test('predicts each window of the streamed subjects once', () => {
  const ids = undisturbed.predictions.map(({ window_id }) => window_id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBe(undisturbed.result.windowsPredicted);
});

test('ends with a champion that is better by at least 0.05 macro-F1 on unseen people', () => {
  const { before, after } = undisturbed.result.champion;
  expect(after.version).not.toBe(before.version);
  expect(after.macroF1 - before.macroF1).toBeGreaterThanOrEqual(0.05);
});

test('promotes the challenger that learned from labels and rejects the one on shuffled labels', () => {
  const [labelled, shuffled] = undisturbed.result.retrains;
  expect(labelled).toMatchObject({ outcome: 'promote', reason: 'proved-better' });
  expect(labelled?.pValue).toBeLessThanOrEqual(0.05);
  expect(shuffled).toMatchObject({ outcome: 'reject', reason: 'not-proved-better' });
});

test('takes the new champion without a restart: both versions have predicted', () => {
  const { before, after } = undisturbed.result.champion;
  const versions = new Set(undisturbed.predictions.map(({ version }) => version));
  expect([...versions].sort()).toEqual([before.version, after.version].sort());
});

test('writes one self-contained report', () => {
  expect(undisturbed.report).toMatch(/^<!doctype html>/i);
  expect(undisturbed.report).not.toMatch(/<(script|link|img)[^>]+(src|href)="https?:/i);
});

test("the worker's metrics agree with the tables", () => {
  const { metrics, result } = undisturbed;
  expect(counted(metrics, 'watchlake_landed_rows_total')).toBe(244_102);
  expect(counted(metrics, 'watchlake_table_rows_total', 'recordings_trusted')).toBe(244_102);
  expect(counted(metrics, 'watchlake_predicted_windows_total')).toBe(result.windowsPredicted);
  expect(counted(metrics, 'watchlake_decisions_total')).toBeGreaterThanOrEqual(
    result.retrains.length,
  );
});

test('the latency worth an alarm has the name that the documentation gives it', async () => {
  const page = await readFile(join(PROJECT_ROOT, 'docs', 'metrics.md'), 'utf8');
  const [latency] = page.match(/temporal_\w+_latency\w*/) ?? [];
  expect(latency).toBeDefined();
  expect(undisturbed.metrics).toMatch(new RegExp(`^${latency}_count{`, 'm'));
});

const KILLS = process.env.WATCHLAKE_KILLS ? Number(process.env.WATCHLAKE_KILLS) : 3;

test(
  `ends the same when the worker is killed ${KILLS} times`,
  async () => {
    const disturbed = await runDemo({ kills: { times: KILLS, betweenMs: [4_000, 15_000] } });
    expect(disturbed.kills).toBeGreaterThanOrEqual(1);
    expectSameOutcome(disturbed, undisturbed);
  },
  DEMO_LIMIT_MS,
);
