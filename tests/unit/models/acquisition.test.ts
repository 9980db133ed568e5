import crypto from 'node:crypto';
import fc from 'fast-check';
import type { CandidatePrediction, Pick } from '../../../models/acquisition';
import { isCandidate, selectTasks } from '../../../models/acquisition';
import { codeThrownBy } from './made-data';

const ids = Array.from({ length: 5000 }, (_, index) => `window-${index}`);
const base = { threshold: 0.8, auditShare: 0.1, seed: 0 };

test('audits about the asked share, whatever the confidence', () => {
  const audited = (confidence: number): string[] =>
    ids.filter((windowId) => isCandidate({ ...base, windowId, confidence }) === 'audit');
  expect(audited(0.99).length / ids.length).toBeCloseTo(0.1, 1);
  expect(audited(0.01)).toEqual(audited(0.99));
});

test('draws other audit windows with another seed', () => {
  const audited = (seed: number): string[] =>
    ids.filter((windowId) => isCandidate({ ...base, seed, windowId, confidence: 1 }) !== null);
  expect(audited(1)).not.toEqual(audited(0));
});

test('asks about windows below the threshold and not about those at it', () => {
  const kindAt = (confidence: number): unknown =>
    isCandidate({ ...base, auditShare: 0, windowId: 'w', confidence });
  expect([kindAt(0.79), kindAt(0.8), kindAt(0.95)]).toEqual(['uncertain', null, null]);
});

const prediction = (
  windowId: string,
  first: number,
  kind: CandidatePrediction['kind'] = 'uncertain',
) => ({
  windowId,
  probabilities: [first, 1 - first],
  kind,
});

test('picks the least sure first, after the audit share', () => {
  const picks = selectTasks({
    predictions: [
      prediction('sure', 0.9),
      prediction('torn', 0.5),
      prediction('leaning', 0.6),
      prediction('audited', 0.99, 'audit'),
      prediction('audited-too', 0.99, 'audit'),
    ],
    budget: 3,
    auditShare: 0.34,
  });
  expect(picks.map(({ kind }) => kind)).toEqual(['audit', 'uncertain', 'uncertain']);
  expect(picks.slice(1).map(({ windowId }) => windowId)).toEqual(['torn', 'leaning']);
});

test('spreads choices over devices and predicted classes, the least sure of each first', () => {
  const on = (device: string, windowId: string, first: number) => ({
    ...prediction(windowId, first),
    device,
  });
  const picks = selectTasks({
    predictions: [
      on('left', 'l1', 0.51),
      on('left', 'l2', 0.52),
      on('left', 'l3', 0.45),
      on('right', 'r1', 0.7),
      on('right', 'r2', 0.8),
    ],
    budget: 4,
    auditShare: 0,
  });
  expect(picks.map(({ windowId }) => windowId)).toEqual(['l1', 'l3', 'r1', 'l2']);
});

test('spreads choices over classes also where an earlier version knew fewer of them', () => {
  const by = (windowId: string, label: string, probabilities: number[]) => ({
    ...{ windowId, label, probabilities, kind: 'uncertain' as const },
  });
  const predictions = [
    by('walk-1', 'walk', [0.5, 0.5]),
    by('walk-2', 'walk', [0.51, 0.49]),
    // A newer version has learned to run: its second class is another.
    by('walk-3', 'walk', [0, 0.52, 0.48]),
    by('run', 'run', [0.6, 0.4, 0]),
  ];
  const picks = selectTasks({ predictions, budget: 2, auditShare: 0 });
  expect(picks.map(({ windowId }) => windowId)).toEqual(['walk-1', 'run']);
});

test('takes windows that overlap a chosen one last, however unsure', () => {
  const at = (windowId: string, startMs: number, first: number) => ({
    ...prediction(windowId, first),
    device: 'left',
    startMs,
    endMs: startMs + 4000,
  });
  const predictions = [at('a', 0, 0.5), at('b', 2000, 0.51), at('c', 4000, 0.9)];
  const picked = (budget: number): string[] =>
    selectTasks({ predictions, budget, auditShare: 0 }).map(({ windowId }) => windowId);
  expect(picked(2)).toEqual(['a', 'c']);
  expect(picked(3)).toEqual(['a', 'c', 'b']);
  // Of those that are taken last the least sure first again, whichever queue put them off.
  predictions.push(at('d', 1000, 0.4), at('e', 3000, 0.505));
  expect(picked(5).slice(-3)).toEqual(['e', 'b', 'd']);
});

test('takes windows that share samples with one of an earlier campaign last', () => {
  const at = (startMs: number, first: number, kind: CandidatePrediction['kind'] = 'uncertain') => ({
    ...prediction(`${kind}-${startMs}`, first, kind),
    ...{ device: 'left', startMs, endMs: startMs + 4000 },
  });
  const picked = (predictions: readonly CandidatePrediction[], device = 'left') =>
    selectTasks({
      ...{ predictions, budget: 1, auditShare: 0 },
      asked: [{ device, startMs: 0, endMs: 4000 }],
    }).map(({ windowId }) => windowId);
  const unsure = [at(2000, 0.5), at(4000, 0.8)];
  expect(picked(unsure)).toEqual(['uncertain-4000']);
  expect(picked(unsure, 'right')).toEqual(['uncertain-2000']);
  expect(picked(unsure.slice(0, 1))).toEqual(['uncertain-2000']);
  // Also of what was drawn at random, and fills the budget.
  const drawn = Array.from({ length: 9 }, (_, each) => at(each * 500, 0.9, 'audit'));
  expect(picked(drawn)).toEqual(['audit-4000']);
});

test('takes windows that share samples with an audit last, also where drawn ones fill the budget', () => {
  const at = (windowId: string, startMs: number, kind: CandidatePrediction['kind']) => ({
    ...prediction(windowId, 0.5, kind),
    device: 'left',
    startMs,
    endMs: startMs + 4000,
  });
  const unsure = [2000, 8000].map((startMs) => at(`unsure-${startMs}`, startMs, 'uncertain'));
  const ask = (predictions: readonly CandidatePrediction[], budget: number) =>
    selectTasks({ predictions, budget, auditShare: 1 / budget }).map(({ windowId }) => windowId);
  const audit = at('audit', 0, 'audit');
  expect(ask([audit, ...unsure], 2)).toEqual(['audit', 'unsure-8000']);
  expect(ask([audit, ...unsure], 3)).toEqual(['audit', 'unsure-8000', 'unsure-2000']);
  const drawn = [0, 2000, 4000, 20_000].map((startMs) => at(`d-${startMs}`, startMs, 'audit'));
  // Whatever was drawn first.
  const gaps = Array.from({ length: 20 }, (_, seed) => {
    const picks = selectTasks({ predictions: drawn, budget: 2, auditShare: 0.5, seed });
    const [first, second] = picks.map(({ windowId }) => Number(windowId.slice(2)));
    return Math.abs((first as number) - (second as number));
  });
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(4000);
});

test('looks at a window a few times, however many are chosen on its device', () => {
  let looks = 0;
  const predictions = Array.from({ length: 4000 }, (_, at) => ({
    ...{
      windowId: `w-${at}`,
      kind: 'uncertain' as const,
      margin: (at * 7919) % 4000,
      predicted: 0,
    },
    device: 'left',
    endMs: at * 2000 + 4000,
    get startMs() {
      looks += 1;
      return at * 2000;
    },
  }));
  expect(selectTasks({ predictions, budget: 1500, auditShare: 0 })).toHaveLength(1500);
  expect(looks).toBeLessThan(30 * predictions.length);
});

test('draws once for each audit window, however many there are to sort', () => {
  const hashes = jest.spyOn(crypto, 'createHash');
  const predictions = ids.map((windowId) => prediction(windowId, 0.9, 'audit'));
  expect(selectTasks({ predictions, budget: 30, auditShare: 1 })).toHaveLength(30);
  expect(hashes).toHaveBeenCalledTimes(ids.length);
  hashes.mockRestore();
});

test('never exceeds the budget nor the audit share, and does not depend on the order', () => {
  const some = fc.uniqueArray(
    fc.record({
      windowId: fc.string({ minLength: 4, maxLength: 8 }),
      probabilities: fc.tuple(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
      ),
      kind: fc.constantFrom('uncertain' as const, 'audit' as const),
    }),
    { selector: ({ windowId }) => windowId },
  );
  fc.assert(
    fc.property(
      some,
      fc.nat({ max: 30 }),
      fc.constantFrom(0, 0.1, 0.5, 1),
      (predictions, budget, auditShare) => {
        const picks = selectTasks({ predictions, budget, auditShare });
        expect(picks).toHaveLength(Math.min(budget, predictions.length));
        const audits = picks.filter(({ kind }) => kind === 'audit').length;
        expect(audits).toBeLessThanOrEqual(Math.round(budget * auditShare));
        expect(
          selectTasks({ predictions: [...predictions].reverse(), budget, auditShare }),
        ).toEqual(picks);
      },
    ),
  );
});

test('fills the budget with drawn windows when a champion is sure of nearly everything', () => {
  const drawn = ids.slice(0, 20).map((id, at) => prediction(id, 0.999 - at / 1e6, 'audit'));
  const picks = selectTasks({
    predictions: [...drawn, prediction('unsure', 0.6)],
    budget: 10,
    auditShare: 0.2,
  });
  expect(picks.map(({ kind }) => kind)).toEqual([
    ...Array<string>(2).fill('audit'),
    ...Array<string>(8).fill('uncertain'),
  ]);
  expect(picks[2]?.windowId).toBe('unsure');
  // At random, so that what is left for later audits is a sample still: as a larger share would draw them.
  const idsOf = (some: readonly Pick[]) => some.map(({ windowId }) => windowId);
  const asDrawn = selectTasks({ predictions: drawn, budget: 9, auditShare: 1 });
  expect(idsOf(picks).filter((id) => id !== 'unsure')).toEqual(idsOf(asDrawn));
});

test('draws other audits with another seed, and none where none are wanted', () => {
  const predictions = ids.slice(0, 50).map((id) => prediction(id, 0.9, 'audit'));
  const drawn = (seed: number) => selectTasks({ predictions, budget: 5, auditShare: 1, seed });
  expect(drawn(1)).not.toEqual(drawn(0));
  expect(drawn(0)).toEqual(drawn(0));
  const nobody = ids.filter((windowId) =>
    isCandidate({ ...base, auditShare: 0, windowId, confidence: 1 }),
  );
  expect(nobody).toEqual([]);
});

test('makes one task of a window that was predicted twice', () => {
  const predictions = [prediction('w', 0.5), prediction('w', 0.5)];
  expect(selectTasks({ predictions, budget: 5, auditShare: 0 })).toHaveLength(1);
});

test.each([
  [-1, 0.1],
  [1.5, 0.1],
  [10, 1.2],
  [10, -0.1],
  [10, NaN],
])('refuses a budget of %p with an audit share of %p', (budget, auditShare) => {
  expect(codeThrownBy(() => selectTasks({ predictions: [], budget, auditShare }))).toBe(
    'INPUT_INVALID',
  );
});
