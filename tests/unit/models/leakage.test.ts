import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../core/project-root';
import { completeStarts, readSampleRecordings } from '../../../bench/watch-sample';
import type { TimedLabels } from '../../../models/leakage';
import { probeLeakage } from '../../../models/leakage';
import { createRandom } from '../../../core/random';
import { codeThrownBy, saySkipped } from './made-data';

const CLASSES = ['cook', 'eat', 'read', 'sleep', 'walk'];

/** Bursts of ten windows with one label each, at random moments. */
function bursts(
  count: number,
  seed: number,
): { timestampMs: number; label: string; burst: number }[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, burst) => ({
    fromMs: Math.floor(random() * 1e9),
    label: CLASSES[Math.floor(random() * CLASSES.length)] as string,
    burst,
  })).flatMap(({ fromMs, label, burst }) =>
    Array.from({ length: 10 }, (_, i) => ({ timestampMs: fromMs + i * 1000, label, burst })),
  );
}

const timed = (rows: readonly { timestampMs: number; label: string }[]): TimedLabels => ({
  timestampsMs: rows.map(({ timestampMs }) => timestampMs),
  labels: rows.map(({ label }) => label),
});

test('flags a split whose two sides share bursts', () => {
  const rows = bursts(80, 1);
  const probe = probeLeakage({
    train: timed(rows.filter((_, index) => index % 3 !== 0)),
    test: timed(rows.filter((_, index) => index % 3 === 0)),
  });
  expect(probe).toMatchObject({ leaks: true });
  expect(probe.score).toBeGreaterThan(0.95);
});

test('passes a split that keeps bursts whole', () => {
  const rows = bursts(80, 1);
  const probe = probeLeakage({
    train: timed(rows.filter(({ burst }) => burst % 3 !== 0)),
    test: timed(rows.filter(({ burst }) => burst % 3 === 0)),
  });
  expect(probe.leaks).toBe(false);
});

test('finds the nearest on either side, and takes the later of equals', () => {
  const train = { timestampsMs: [30, 10, 20], labels: ['c', 'a', 'b'] };
  const scoreOf = (tMs: number, label: string): number =>
    probeLeakage({ train, test: { timestampsMs: [tMs], labels: [label] } }).score;
  expect([scoreOf(-5, 'a'), scoreOf(14, 'a'), scoreOf(16, 'b'), scoreOf(99, 'c')]).toEqual([
    1, 1, 1, 1,
  ]);
  expect(scoreOf(25, 'c')).toBe(1);
});

/** Nearly everything is walking; what is not lies elsewhere in time on either side. */
const mostlyWalking = (count: number, every: number): TimedLabels =>
  timed(
    Array.from({ length: count }, (_, index) => ({
      timestampMs: index * 1000,
      label: index % every === 0 ? 'fall' : 'walk',
    })),
  );

test('passes a clean split where nearly all windows have one label', () => {
  const probe = probeLeakage({ train: mostlyWalking(1000, 83), test: mostlyWalking(1000, 71) });
  expect(probe.score).toBeGreaterThan(0.95);
  expect(probe.leaks).toBe(false);
  const all = timed([{ timestampMs: 0, label: 'walk' }]);
  expect(probeLeakage({ train: all, test: all })).toMatchObject({ score: 1, leaks: false });
});

test('flags a leak also where nearly all windows have one label', () => {
  const both = mostlyWalking(1000, 83);
  expect(probeLeakage({ train: both, test: both })).toMatchObject({ score: 1, leaks: true });
});

test('lets the clock do better than guessing by the margin', () => {
  // Guessing is right in two of four, the clock in three.
  const train = { timestampsMs: [0, 10, 20, 30], labels: ['a', 'a', 'b', 'a'] };
  const test = { timestampsMs: [0, 10, 20, 30], labels: ['a', 'a', 'b', 'b'] };
  expect(probeLeakage({ train, test }, { margin: 0.3 })).toEqual({
    score: 0.75,
    limit: 0.8,
    leaks: false,
  });
  expect(probeLeakage({ train, test }, { margin: 0.2 })).toMatchObject({ limit: 0.7, leaks: true });
});

test('cannot probe an empty side', () => {
  const none = { timestampsMs: [], labels: [] };
  const some = { timestampsMs: [0], labels: ['walk'] };
  for (const split of [
    { train: none, test: none },
    { train: some, test: none },
    { train: none, test: some },
  ])
    expect(codeThrownBy(() => probeLeakage(split))).toBe('TRAINING_DATA_INSUFFICIENT');
});

test('passes every leave-one-subject-out split of the shipped recordings', async () => {
  const { recordings } = await readSampleRecordings();
  const rows = recordings.flatMap(({ subject, label, span }) =>
    completeStarts(span).map((timestampMs) => ({ subject, label, timestampMs })),
  );
  for (const subject of new Set(recordings.map((recording) => recording.subject))) {
    const probe = probeLeakage({
      train: timed(rows.filter((row) => row.subject !== subject)),
      test: timed(rows.filter((row) => row.subject === subject)),
    });
    expect({ subject, ...probe }).toMatchObject({ leaks: false });
  }
}, 60_000);

const ARCHIVE = join(PROJECT_ROOT, '..', 'shared', 'data', 'arwise-p1.tar.xz');

test('flags the published ARWISE split, whose sides share bursts', () => {
  if (!existsSync(ARCHIVE)) {
    saySkipped('the ARWISE archive is not at hand; the made bursts above stand in for it.');
    return;
  }
  const read = (member: string): TimedLabels => {
    const options = { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 } as const;
    const text = execFileSync('tar', ['-xJOf', ARCHIVE, member], options);
    const rows = text
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(','));
    return timed(
      rows.map((row) => ({
        timestampMs: Date.parse(row[0] as string),
        label: row.at(-1) as string,
      })),
    );
  };
  const probe = probeLeakage({ train: read('p1_train.csv'), test: read('p1_test.csv') });
  expect(probe).toMatchObject({ score: 1, leaks: true });
});
