import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../core/project-root';
import type { TimedLabels } from '../../../models/leakage';
import { probeLeakage } from '../../../models/leakage';
import { createRandom } from '../../../models/random';

const CLASSES = ['cook', 'eat', 'read', 'sleep', 'walk'];

/** Bursts of ten windows with one label each, at random moments. */
function bursts(count: number, seed: number): { timestampMs: number; label: string; burst: number }[] {
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
  expect([scoreOf(-5, 'a'), scoreOf(14, 'a'), scoreOf(16, 'b'), scoreOf(99, 'c')]).toEqual([1, 1, 1, 1]);
  expect(scoreOf(25, 'c')).toBe(1);
});

test('cannot probe an empty side', () => {
  const none = { timestampsMs: [], labels: [] };
  expect(() => probeLeakage({ train: none, test: none })).toThrow(
    expect.objectContaining({ code: 'TRAINING_DATA_INSUFFICIENT' }),
  );
});
