import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Comparison, Scorecard } from '../../../models/promotion';
import { DEFAULT_GATE, decidePromotion, refuseControl } from '../../../models/promotion';
import { codeThrownBy } from './made-data';

const SUBJECTS = ['s1', 's2', 's3', 's4', 's5', 's6'];

function scorecard(
  version: string,
  macroF1: readonly number[],
  changes: Partial<Scorecard> = {},
): Scorecard {
  return {
    version,
    featureSchema: 'schema',
    bySubject: macroF1.map((score, i) => ({ subject: `s${i + 1}`, windows: 50, macroF1: score })),
    perClass: [
      { label: 'run', recall: 0.8, support: 100 },
      { label: 'walk', recall: 0.8, support: 100 },
    ],
    calibrationError: 0.05,
    ...changes,
  };
}

const six = (score: number): number[] => SUBJECTS.map(() => score);

const ACCURACIES = { championAccuracy: 0.7, challengerAccuracy: 0.8 };

const comparison = (changes: Partial<Comparison> = {}): Comparison => ({
  champion: scorecard('1', six(0.7)),
  challenger: scorecard('2', six(0.8)),
  audit: { labels: 40, ...ACCURACIES },
  withdrawnSubjects: 0,
  holdoutUses: 1,
  ...changes,
});

test('promotes a challenger that every subject gains from', () => {
  expect(decidePromotion(comparison())).toMatchObject({
    outcome: 'promote',
    reason: 'proved-better',
    pValue: 1 / 64,
    newHoldoutAdvised: false,
  });
});

const recall = (walk: number, support = 100): Partial<Scorecard> => ({
  perClass: [
    { label: 'run', recall: 0.8, support: 100 },
    { label: 'walk', recall: walk, support },
  ],
});

test.each<[string, Partial<Comparison>, string, string]>([
  ['an equal challenger', { challenger: scorecard('2', six(0.7)) }, 'reject', 'not-proved-better'],
  [
    'one that helps a single subject',
    { challenger: scorecard('2', [0.99, ...six(0.7).slice(1)]) },
    'reject',
    'not-proved-better',
  ],
  [
    'a gain within the margin',
    { challenger: scorecard('2', six(0.704)) },
    'reject',
    'not-proved-better',
  ],
  [
    'another feature schema',
    { challenger: scorecard('2', six(0.8), { featureSchema: 'other' }) },
    'reject',
    'schema-differs',
  ],
  ['data of a withdrawn subject', { withdrawnSubjects: 1 }, 'reject', 'withdrawn-subject'],
  [
    'a class that loses recall',
    { challenger: scorecard('2', six(0.8), recall(0.65)) },
    'reject',
    'recall-loss',
  ],
  [
    'a worse calibration',
    { challenger: scorecard('2', six(0.8), { calibrationError: 0.08 }) },
    'reject',
    'calibration-worse',
  ],
  [
    'a loss on audit labels',
    { audit: { labels: 40, championAccuracy: 0.8, challengerAccuracy: 0.7 } },
    'reject',
    'audit-worse',
  ],
  [
    'few audit labels',
    { audit: { labels: 6, championAccuracy: 0.7, challengerAccuracy: 0.8 } },
    'need-more-labels',
    'too-few-audit-labels',
  ],
  ['no audit labels', { audit: null }, 'need-more-labels', 'too-few-audit-labels'],
])('keeps the champion against %s', (_, changes, outcome, reason) => {
  expect(decidePromotion(comparison(changes))).toMatchObject({ outcome, reason });
});

test('asks for more labels, by class, when fewer than six subjects are held out', () => {
  const verdict = decidePromotion(
    comparison({
      champion: scorecard('1', [0.1, 0.1, 0.1, 0.1, 0.1]),
      challenger: scorecard('2', [0.9, 0.9, 0.9, 0.9, 0.9]),
    }),
  );
  expect(verdict).toMatchObject({ outcome: 'need-more-labels', reason: 'too-few-subjects' });
  expect(verdict.needed).toEqual([
    { label: 'run', count: 5 },
    { label: 'walk', count: 5 },
  ]);
});

test('speaks of people, and of one in the singular', () => {
  const of = (changes: Partial<Comparison>) => decidePromotion(comparison(changes)).explanation;
  expect(of({})).toContain('over 6 people, p =');
  expect(of({ withdrawnSubjects: 1 })).toContain('learned from 1 person whose consent');
  expect(of({ withdrawnSubjects: 2 })).toContain('learned from 2 people whose consent');
  const [champion, challenger] = [scorecard('1', [0.1]), scorecard('2', [0.9])];
  expect(of({ champion, challenger })).toContain('The holdout has 1 person whom neither');
  const audit = { labels: 1, championAccuracy: 1, challengerAccuracy: 1 };
  expect(of({ audit })).toBe('There is 1 recent audit label, 20 are needed.');
});

test('says which class loses how much', () => {
  const { explanation } = decidePromotion(
    comparison({ challenger: scorecard('2', six(0.8), recall(0.6)) }),
  );
  expect(explanation).toContain('walk loses 0.200');
});

test('writes a loss with a minus sign, and no sign where nothing changes', () => {
  const worse = comparison({ challenger: scorecard('2', six(0.688)) });
  expect(decidePromotion(worse).explanation).toContain('difference \u22120.012 over');
  const equal = comparison({ challenger: scorecard('2', six(0.6999)) });
  expect(decidePromotion(equal).explanation).toContain('difference 0.000 over');
});

test.each<[string, Partial<Comparison>]>([
  [
    'one of twenty audit labels',
    { audit: { labels: 20, championAccuracy: 1, challengerAccuracy: 19 / 20 } },
  ],
  [
    'a tenth of the recall',
    {
      champion: scorecard('1', six(0.7), recall(0.8)),
      challenger: scorecard('2', six(0.8), recall(0.7)),
    },
  ],
  [
    'two hundredths of calibration',
    { challenger: scorecard('2', six(0.8), { calibrationError: 0.07 }) },
  ],
])('lets %s be lost, which is the limit and no more', (_, changes) => {
  expect(decidePromotion(comparison(changes))).toMatchObject({ outcome: 'promote' });
});

test('does not take a gain of the margin for more than that', () => {
  const changes = { champion: scorecard('1', six(0.5)), challenger: scorecard('2', six(0.505)) };
  expect(decidePromotion(comparison(changes))).toMatchObject({ reason: 'not-proved-better' });
});

test('does not let a class with little support block a promotion, and shows it', () => {
  const champion = scorecard('1', six(0.7), recall(0.8, 5));
  const verdict = decidePromotion(
    comparison({ champion, challenger: scorecard('2', six(0.8), recall(0, 5)) }),
  );
  expect(verdict.outcome).toBe('promote');
  expect(verdict.perClass[1]).toMatchObject({ label: 'walk', counted: false, challengerRecall: 0 });
});

test('counts a class from the least support on, and one that the challenger never names as lost', () => {
  const support = DEFAULT_GATE.minimumSupport;
  const champion = scorecard('1', six(0.7), recall(0.8, support));
  const perClass = [{ label: 'run', recall: 0.8, support: 100 }];
  const verdict = decidePromotion(
    comparison({ champion, challenger: scorecard('2', six(0.8), { perClass }) }),
  );
  expect(verdict).toMatchObject({ reason: 'recall-loss' });
  expect(verdict.perClass[1]).toMatchObject({ support, counted: true, challengerRecall: 0 });
});

test('asks for the audit labels that are missing, dealt out over the classes', () => {
  const audit = { labels: DEFAULT_GATE.minimumAuditLabels - 7, ...ACCURACIES };
  const { needed, explanation } = decidePromotion(comparison({ audit }));
  expect(needed).toEqual([
    { label: 'run', count: 4 },
    { label: 'walk', count: 4 },
  ]);
  expect(explanation).toBe('There are 13 recent audit labels, 20 are needed.');
});

test('asks for fewer labels the fewer people are missing', () => {
  const asked = (people: number) => {
    const of = (score: number) => scorecard('1', six(score).slice(0, people));
    const changes = { champion: of(0.1), challenger: of(0.9) };
    return decidePromotion(comparison(changes)).needed?.[0]?.count;
  };
  expect([asked(5), asked(3), asked(1)]).toEqual([5, 15, 25]);
});

test('takes a proof that lies at the limit, and says what was compared', () => {
  const verdict = decidePromotion(comparison(), { alpha: 1 / 64 });
  expect(verdict).toMatchObject({
    outcome: 'promote',
    calibration: { champion: 0.05, challenger: 0.05 },
  });
  expect(verdict.explanation).toBe(
    'Proved better: mean macro-F1 difference 0.100 over 6 people, p = 0.016.',
  );
  const [champion, challenger] = [0.7, 0.8].map((score) => scorecard('1', Array(12).fill(score)));
  const many = decidePromotion(comparison({ champion, challenger }));
  expect(many.explanation).toContain('over 12 people, p < 0.001.');
});

test('says by how much calibration and audit labels are worse, and which schemas differ', () => {
  const of = (changes: Partial<Comparison>) => decidePromotion(comparison(changes)).explanation;
  expect(of({ challenger: scorecard('2', six(0.8), { calibrationError: 0.08 }) })).toBe(
    'The calibration error rises by 0.030 (limit 0.02).',
  );
  expect(of({ audit: { labels: 40, championAccuracy: 0.8, challengerAccuracy: 0.7 } })).toBe(
    'On 40 audit labels the accuracy falls by 0.100 (limit 0.05).',
  );
  expect(of({ challenger: scorecard('2', six(0.8), { featureSchema: 'other' }) })).toContain(
    "The champion's feature schema is schema, the challenger's other",
  );
});

test('a control that passes is rejected, with what it was', () => {
  const passed = decidePromotion(comparison());
  const refused = refuseControl(passed);
  expect(refused).toMatchObject({ outcome: 'reject', reason: 'control-passed' });
  expect(refused).toMatchObject({ pValue: passed.pValue, bySubject: passed.bySubject });
  expect(refused.explanation).toContain('shuffled labels');
  expect(refused.explanation).toContain(passed.explanation);
});

test('accepts a comparison without audit labels when the gate says so', () => {
  const verdict = decidePromotion(comparison({ audit: null }), { minimumAuditLabels: 0 });
  expect(verdict.outcome).toBe('promote');
});

test('advises a new holdout after twenty uses without changing the outcome', () => {
  expect(decidePromotion(comparison({ holdoutUses: 20 })).newHoldoutAdvised).toBe(false);
  expect(decidePromotion(comparison({ holdoutUses: 21 }))).toMatchObject({
    outcome: 'promote',
    newHoldoutAdvised: true,
  });
});

test.each<[string, Scorecard]>([
  ['another subject', scorecard('2', [...six(0.8).slice(1), 0.8, 0.8])],
  ['fewer subjects', scorecard('2', six(0.8).slice(1))],
  [
    'a subject twice',
    scorecard('2', six(0.8), {
      bySubject: [...SUBJECTS, 's1'].map((subject) => ({ subject, windows: 50, macroF1: 0.8 })),
    }),
  ],
  [
    'other windows',
    scorecard('2', six(0.8), {
      bySubject: SUBJECTS.map((subject) => ({ subject, windows: 49, macroF1: 0.8 })),
    }),
  ],
])('refuses to compare versions that were scored on %s', (_, challenger) => {
  expect(codeThrownBy(() => decidePromotion(comparison({ challenger })))).toBe('INPUT_INVALID');
});

const score = fc.integer({ min: 0, max: 100 }).map((value) => value / 100);
const anyCard = (version: string): fc.Arbitrary<Scorecard> =>
  fc
    .record({
      scores: fc.array(score, { minLength: 7, maxLength: 7 }),
      recalls: fc.tuple(score, score),
      calibrationError: score,
      featureSchema: fc.constantFrom('schema', 'schema', 'schema', 'other'),
    })
    .map(({ scores, recalls, calibrationError, featureSchema }) =>
      scorecard(version, scores, {
        calibrationError,
        featureSchema,
        perClass: [
          { label: 'run', recall: recalls[0], support: 100 },
          { label: 'walk', recall: recalls[1], support: 10 },
        ],
      }),
    );
const anyComparison: fc.Arbitrary<Comparison> = fc.record({
  champion: anyCard('1'),
  challenger: anyCard('2'),
  audit: fc.option(
    fc.record({ labels: fc.nat({ max: 60 }), championAccuracy: score, challengerAccuracy: score }),
  ),
  withdrawnSubjects: fc.constantFrom(0, 0, 0, 1),
  holdoutUses: fc.nat({ max: 30 }),
});

const exceeds = (value: number, limit: number): boolean => value > limit + 1e-9;

test('promotes only when every condition holds, and always then', () => {
  fc.assert(
    fc.property(anyComparison, (given) => {
      const { champion, challenger, audit } = given;
      const verdict = decidePromotion(given);
      const [run] = verdict.perClass;
      const holds =
        champion.featureSchema === challenger.featureSchema &&
        given.withdrawnSubjects === 0 &&
        verdict.pValue <= DEFAULT_GATE.alpha &&
        exceeds(verdict.meanDifference, DEFAULT_GATE.margin) &&
        !exceeds(
          (run?.championRecall ?? 0) - (run?.challengerRecall ?? 0),
          DEFAULT_GATE.recallLossLimit,
        ) &&
        !exceeds(
          challenger.calibrationError - champion.calibrationError,
          DEFAULT_GATE.calibrationMargin,
        ) &&
        audit !== null &&
        audit.labels >= DEFAULT_GATE.minimumAuditLabels &&
        !exceeds(audit.championAccuracy - audit.challengerAccuracy, DEFAULT_GATE.auditLossLimit);
      expect(verdict.outcome === 'promote').toBe(holds);
      expect(verdict.reason === 'proved-better').toBe(holds);
      expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict);
    }),
    { numRuns: 300 },
  );
});

test('never promotes a version over itself, whatever the gate is set to', () => {
  const gates = fc.record({ alpha: score, margin: fc.constantFrom(0, 0.005) });
  fc.assert(
    fc.property(anyComparison, gates, (given, gate) => {
      const verdict = decidePromotion({ ...given, challenger: given.champion }, gate);
      expect(verdict.outcome).not.toBe('promote');
    }),
  );
});

test('decides by the first obstacle in the documented order', () => {
  const everything: Comparison = {
    champion: scorecard('1', six(0.7), { featureSchema: 'schema' }),
    challenger: scorecard('2', six(0.6), {
      ...recall(0),
      featureSchema: 'other',
      calibrationError: 1,
    }),
    audit: { labels: 40, championAccuracy: 1, challengerAccuracy: 0 },
    withdrawnSubjects: 1,
    holdoutUses: 1,
  };
  const repairs: ((c: Comparison) => Comparison)[] = [
    (c) => ({ ...c, challenger: { ...c.challenger, featureSchema: 'schema' } }),
    (c) => ({ ...c, withdrawnSubjects: 0 }),
    (c) => ({
      ...c,
      challenger: { ...c.challenger, bySubject: scorecard('2', six(0.8)).bySubject },
    }),
    (c) => ({ ...c, challenger: { ...c.challenger, perClass: c.champion.perClass } }),
    (c) => ({ ...c, challenger: { ...c.challenger, calibrationError: 0 } }),
    (c) => ({ ...c, audit: null }),
    (c) => ({ ...c, audit: { labels: 40, championAccuracy: 0, challengerAccuracy: 1 } }),
  ];
  const reasons = [decidePromotion(everything).reason];
  repairs.reduce((current, repair) => {
    const next = repair(current);
    reasons.push(decidePromotion(next).reason);
    return next;
  }, everything);
  expect(reasons).toEqual([
    'schema-differs',
    'withdrawn-subject',
    'not-proved-better',
    'recall-loss',
    'calibration-worse',
    'audit-worse',
    'too-few-audit-labels',
    'proved-better',
  ]);
});

test('can run inside a workflow: nothing it imports is a Node builtin', () => {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const source = readFileSync(file, 'utf8');
    for (const [, name] of source.matchAll(/^(?:import|export) (?!type)[^;]*?from '([^']+)'/gm)) {
      expect(name).toMatch(/^\.{1,2}\//);
      visit(`${join(file, '..', name as string)}.ts`);
    }
  };
  visit(join(__dirname, '../../../models/promotion.ts'));
  expect(seen.size).toBeGreaterThan(2);
});
