/** windows: the SQL and the stream's code agree on which windows there are, whatever the samples. */
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { windowsBalanceSql, windowsSql } from '../../../lakehouse/watch/windows';
import { isComplete, windowId } from '../../../models/windows';
import { windowStartsCovering } from '../../support/window-grid';

// Hundreds of small queries: a busy machine takes its time.
jest.setTimeout(60_000);

let connection: DuckDBConnection;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
});

afterAll(() => connection.closeSync());

interface Sample {
  recording: string;
  timestampMs: number;
  label: string | null;
}

const text = (value: string | null): string => (value === null ? 'NULL' : `'${value}'`);

async function load(samples: readonly Sample[]): Promise<void> {
  const rows = samples.map(
    ({ recording, timestampMs, label }) =>
      `('${recording}', 'watch', 'key', ${timestampMs}::DOUBLE, ${text(label)})`,
  );
  await connection.run(`CREATE OR REPLACE TABLE recordings_trusted AS SELECT * FROM
    (VALUES ${rows.join(', ')}) t(recording, device, subject_key, timestamp_ms, label)`);
}

async function run(sql: string): Promise<Record<string, unknown>[]> {
  return (await connection.run(sql)).getRowObjectsJson();
}

const rules = { dataset: 'watch', window: { lengthMs: 1000, stepMs: 400 }, maxGapMs: 150 };

async function windowsOf(samples: readonly Sample[], given = rules) {
  await load(samples);
  await connection.run(`CREATE OR REPLACE TABLE windows AS ${windowsSql(given)}`);
  return run('SELECT * FROM windows ORDER BY start_ms');
}

/** Times that increase by steps, some of which are gaps. */
const times = fc
  .record({
    start: fc.integer({ min: -2000, max: 2000 }),
    steps: fc.array(
      fc.oneof(
        { weight: 20, arbitrary: fc.integer({ min: 10, max: 150 }) },
        { weight: 1, arbitrary: fc.integer({ min: 151, max: 900 }) },
      ),
      { minLength: 1, maxLength: 60 },
    ),
  })
  .map(({ start, steps }) => {
    let at = start;
    return [at, ...steps.map((step) => (at += step))];
  });

const specs = fc.constantFrom(
  { lengthMs: 1000, stepMs: 400 },
  { lengthMs: 1000, stepMs: 1000 },
  { lengthMs: 800, stepMs: 1300 },
  { lengthMs: 900, stepMs: 250 },
);

test('SQL finds exactly the windows that the stream finds, under the same ids', async () => {
  await fc.assert(
    fc.asyncProperty(times, specs, async (timestamps, window) => {
      const given = { ...rules, window };
      const samples = timestamps.map((timestampMs) => ({
        recording: 'r',
        timestampMs,
        label: 'a',
      }));
      const found = (await windowsOf(samples, given)).map((row) => row.window_id);
      const held = Float64Array.from(timestamps);
      const starts = new Set(timestamps.flatMap((ms) => windowStartsCovering(ms, window)));
      const expected = [...starts]
        .filter((startMs) => isComplete(held, startMs, given))
        .sort((a, b) => a - b)
        .map((startMs) => windowId({ dataset: 'watch', device: 'watch', startMs, window }));
      expect(found).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test('every sample is in a window, beside a gap or in a stretch too short', async () => {
  await fc.assert(
    fc.asyncProperty(times, specs, async (timestamps, window) => {
      const given = { ...rules, window };
      const samples = timestamps.map((timestampMs) => ({
        recording: 'r',
        timestampMs,
        label: 'a',
      }));
      const windows = await windowsOf(samples, given);
      const balance = await run(windowsBalanceSql(given));
      const rows = balance.map(({ driving_rows: n }) => Number(n));
      expect(rows.reduce((sum, n) => sum + n, 0)).toBe(timestamps.length);
      const covered = timestamps.filter((ms) =>
        windows.some((row) => Number(row.start_ms) <= ms && ms < Number(row.end_ms)),
      );
      const used = balance.find(({ reason }) => reason === null)?.driving_rows ?? 0;
      expect(Number(used)).toBe(covered.length);
    }),
    { numRuns: 40 },
  );
});

const every = (fromMs: number, count: number, label: string | null, recording = 'r'): Sample[] =>
  Array.from({ length: count }, (_, index) => ({
    recording,
    timestampMs: fromMs + index * 20,
    label,
  }));

test('a window has the label of most of its samples, and their share', async () => {
  const samples = [...every(0, 30, 'walking'), ...every(600, 20, 'running')];
  const [window] = await windowsOf(samples);
  expect(window).toMatchObject({ start_ms: '0', end_ms: '1000', label: 'walking', samples: '50' });
  expect(window?.label_share).toBeCloseTo(0.6);
});

test('a window that is mostly unlabelled has no label', async () => {
  const samples = [...every(0, 30, null), ...every(600, 20, 'running')];
  expect(await windowsOf(samples)).toMatchObject([{ label: null }]);
});

test('no window spans two recordings, even without a gap between them', async () => {
  const samples = [...every(0, 40, 'walking', 'r1'), ...every(800, 60, 'walking', 'r2')];
  const windows = await windowsOf(samples);
  expect(windows.map(({ recording, start_ms: start }) => [recording, start])).toEqual([
    ['r2', '800'],
  ]);
});

test('the unused samples are told apart by reason', async () => {
  const samples = [...every(0, 60, 'a'), ...every(5000, 10, 'a')];
  await windowsOf(samples);
  const balance = await run(windowsBalanceSql(rules));
  expect(
    Object.fromEntries(balance.map((row) => [row.reason ?? 'used', row.driving_rows])),
  ).toEqual({
    used: '50',
    'beside-a-gap': '10',
    'span-too-short': '10',
  });
});
