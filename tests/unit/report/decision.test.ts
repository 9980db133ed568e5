/** The gate's verdict as checks: none of its figures may be lost or turned round. */
import { decisionFrom } from '../../../report/decision';
import { evaluationOf, PEOPLE, verdictOf } from './fake-run';

const weak = evaluationOf({ seed: 1, skill: 2, boldness: 1 });
const strong = evaluationOf({ seed: 2, skill: 3.4, boldness: 1 });

const failedOf = (decision: ReturnType<typeof decisionFrom>) =>
  decision.checks.filter(({ passed }) => !passed).map(({ name }) => name);

test('passes every check when the gate promotes', () => {
  const decision = decisionFrom({ version: '2', verdict: verdictOf(weak, strong) });
  expect(decision.outcome).toBe('promote');
  expect(failedOf(decision)).toEqual([]);
  expect(decision.bySubject.map(({ subject }) => subject)).toEqual(PEOPLE);
  expect(decision.bySubject[0]).toMatchObject({
    champion: weak.bySubject[0]?.macroF1,
    challenger: strong.bySubject[0]?.macroF1,
  });
});

test('passes what the gate lets pass: losses of their limit, which rounding takes for more', () => {
  const gain = { ...strong, calibrationError: weak.calibrationError + 0.02 };
  const audit = { labels: 20, championAccuracy: 1, challengerAccuracy: 19 / 20 };
  const verdict = verdictOf(weak, gain, audit);
  expect(verdict.outcome).toBe('promote');
  expect(audit.championAccuracy - audit.challengerAccuracy).toBeGreaterThan(0.05);
  expect(failedOf(decisionFrom({ version: '2', verdict }))).toEqual([]);
});

test('fails a gain that is its margin but for rounding, as the gate does', () => {
  const verdict = verdictOf(weak, strong);
  const gate = { ...verdict.gate, margin: 0.3 };
  const meanDifference = 0.1 + 0.2;
  expect(meanDifference).toBeGreaterThan(gate.margin);
  const decision = decisionFrom({ version: '2', verdict: { ...verdict, meanDifference, gate } });
  expect(failedOf(decision)).toEqual(['Mean difference of macro-F1']);
});

test('fails the checks that made the gate reject', () => {
  const decision = decisionFrom({ version: '3', verdict: verdictOf(strong, weak) });
  expect(decision).toMatchObject({ outcome: 'reject', negativeControl: false });
  expect(failedOf(decision)).toEqual(
    expect.arrayContaining(['p-value of the sign-flip test', 'Mean difference of macro-F1']),
  );
});

test('carries which labels are wanted when there are too few people', () => {
  const few = { people: PEOPLE.slice(0, 4) };
  const verdict = verdictOf(
    evaluationOf({ seed: 1, skill: 2, boldness: 1, ...few }),
    evaluationOf({ seed: 2, skill: 3.4, boldness: 1, ...few }),
  );
  const decision = decisionFrom({ version: '2', verdict });
  expect(decision.outcome).toBe('need-more-labels');
  expect(failedOf(decision)).toContain('People compared');
  expect(decision.needed?.length).toBeGreaterThan(0);
});
