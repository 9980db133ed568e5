/** Plays a classifier that is more or less able, so that the report's figures come from the real evaluation. */
import { evaluate, type Evaluation } from '../../../models/evaluation';
import { decidePromotion, type AuditComparison, type Verdict } from '../../../models/promotion';
import { createRandom, normal } from '../../../core/random';

export const CLASSES = [
  'abduction',
  'external-rotation',
  'forward-elevation',
  'internal-rotation',
  'pendulum',
  'trapezius-extension',
  'upright-row',
];
export const PEOPLE = [
  '3f9c1e7a5b20d846',
  '91d04be27c6fa358',
  'a7720c5de81b439f',
  'c41ef8093a5d7b62',
  'd8b65f124ce0973a',
  'f20a93d7b1586ec4',
];

export interface Ability {
  seed: number;
  /** By how much the true class stands out; 0 is guessing. */
  skill: number;
  /** How much the confidence exaggerates; 1 is honest. */
  boldness: number;
  classes?: string[];
  people?: string[];
}

const WINDOWS_PER_PERSON = 240;

export function evaluationOf(ability: Ability): Evaluation {
  const { seed, skill, boldness, classes = CLASSES, people = PEOPLE } = ability;
  const random = createRandom(seed);
  const rows = people.flatMap((subject, person) =>
    Array.from({ length: WINDOWS_PER_PERSON }, (_, window) => {
      const truth = window % classes.length;
      const reach = skill * (1 - 0.06 * person) * (1 - 0.04 * truth);
      const logits = classes.map((_, k) => normal(random) + (k === truth ? reach : 0));
      const powers = logits.map((logit) => Math.exp(boldness * Math.max(1, skill) * logit));
      const total = powers.reduce((sum, power) => sum + power, 0);
      return { subject, label: classes[truth] ?? '', shares: powers.map((power) => power / total) };
    }),
  );
  return evaluate({
    probabilities: Float32Array.from(rows.flatMap(({ shares }) => shares)),
    classes,
    labels: rows.map(({ label }) => label),
    subjects: rows.map(({ subject }) => subject),
  });
}

export function verdictOf(
  champion: Evaluation,
  challenger: Evaluation,
  audit: AuditComparison = {
    labels: 40,
    championAccuracy: champion.accuracy,
    challengerAccuracy: challenger.accuracy,
  },
): Verdict {
  const scorecard = (version: string, evaluation: Evaluation) => ({
    version,
    featureSchema: '5d1c',
    ...evaluation,
  });
  return decidePromotion({
    champion: scorecard('1', champion),
    challenger: scorecard('2', challenger),
    audit,
    withdrawnSubjects: 0,
    holdoutUses: 1,
  });
}
