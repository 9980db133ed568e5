/** Scores of versions: from the comparisons that the registry refers to, the newest of each version. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeJson } from '../../../lakehouse/json';
import type { Store } from '../../../lakehouse/ports';
import { openStore } from '../../../lakehouse/stores/open-store';
import type { AliasMove } from '../../../registry/aliases';
import type { Verdict } from '../../../registry/decisions';
import type { ModelVersion } from '../../../registry/versions';
import {
  holdoutScores,
  macroF1OnStrangers,
  type ScoreSources,
} from '../../../workers/holdout-scores';

let folder: string;
let store: Store;

const scored = (version: string, macroF1: number | null) => ({
  version,
  evaluation: macroF1 === null ? null : { accuracy: macroF1 + 0.01, macroF1, windows: 12 },
});

async function keep(key: string, champion: object, challenger: object): Promise<void> {
  await writeJson(store, key, { formatVersion: 1, model: 'activity', champion, challenger });
}

const moved = (from: string | null, version: string, movedAt: string, evidence: object) =>
  ({ from, version, movedAt, evidence }) as unknown as AliasMove;

const judged = (champion: string, challenger: string, decidedAt: string, comparisonKey: string) =>
  ({ champion, challenger, decidedAt, evidence: { comparisonKey } }) as unknown as Verdict;

const sourcesOf = (history: AliasMove[], verdicts: Verdict[]): ScoreSources => ({
  registry: { history: async () => history, verdicts: async () => verdicts },
  store,
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-scores-'));
  store = openStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

test('a champion of a loop has the figures of its newest comparison, and so has a rejected one', async () => {
  await keep('comparisons/1-2.json', scored('1', 0.5), scored('2', 0.7));
  await keep('comparisons/2-3.json', scored('2', 0.8), scored('3', 0.6));
  const sources = sourcesOf(
    [
      moved('1', '2', '2026-03-01', { comparisonKey: 'comparisons/1-2.json' }),
      moved(null, '1', '2026-02-01', { snapshotId: 'a' }),
    ],
    [judged('2', '3', '2026-04-01', 'comparisons/2-3.json')],
  );
  const scores = await holdoutScores(sources, {
    model: 'activity',
    versions: ['1', '2', '3', '4'],
  });
  expect(Object.fromEntries(scores)).toEqual({
    1: { accuracy: 0.51, macroF1: 0.5 },
    2: { accuracy: 0.81, macroF1: 0.8 },
    3: { accuracy: 0.61, macroF1: 0.6 },
  });
});

test('a version without a measure, or whose comparison is gone, has none', async () => {
  await keep('comparisons/1-2.json', scored('1', null), scored('2', 0.7));
  const sources = sourcesOf(
    [],
    [
      judged('1', '2', '2026-03-01', 'comparisons/1-2.json'),
      judged('0', '3', '2026-03-02', 'comparisons/none.json'),
    ],
  );
  const scores = await holdoutScores(sources, { model: 'activity', versions: ['1', '3'] });
  expect(scores.size).toBe(0);
});

test('on strangers a version has what its training found leaving people out, else what the gate found', async () => {
  await keep('comparisons/1-2.json', scored('1', 0.5), scored('2', 0.7));
  const sources = sourcesOf([], [judged('1', '2', '2026-03-01', 'comparisons/1-2.json')]);
  const measuredBy = (scheme: string | null, version = '2') => {
    const evaluation = scheme && { scheme, accuracy: 0.9, macroF1: 0.9 };
    const card = { evaluation } as unknown as ModelVersion['card'];
    return macroF1OnStrangers(sources, { model: 'activity', version, card });
  };
  expect(await measuredBy('leave-one-subject-out')).toBe(0.9);
  expect(await measuredBy(null)).toBe(0.7);
  // It has the same people on both sides.
  expect(await measuredBy('shipped-split')).toBe(0.7);
  expect(await measuredBy('shipped-split', '3')).toBeNull();
});
