/** Compares the classifier with the forests and writes the comparison down. */
import { mean } from 'simple-statistics';
import { circumstances } from './machine';

export interface Run {
  readonly seed: number;
  readonly accuracy: number;
  readonly macroF1: number;
  readonly worstSubject: { readonly subject: string; readonly accuracy: number };
  readonly calibrationError: number | null;
  readonly seconds: number;
}

export interface Contender {
  readonly name: string;
  readonly runs: readonly Run[];
  readonly accuracy: number;
  readonly macroF1: number;
  readonly worstAccuracy: number;
  readonly seconds: number;
}

export interface Comparison {
  readonly formatVersion: 1;
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGiB: number };
  readonly versions: Readonly<Record<string, string>>;
  readonly backend: string;
  readonly data: { readonly windows: number; readonly features: number; readonly subjects: number };
  readonly ours: Contender;
  readonly forests: readonly Contender[];
  /** Ours minus the better forest, each figure on its own. */
  readonly difference: { readonly accuracy: number; readonly macroF1: number };
  readonly goal: number;
  readonly reached: boolean;
}

/** Ours may be below the better forest by this much. */
export const GOAL = -0.005;

export function contender(name: string, runs: readonly Run[]): Contender {
  return {
    name,
    runs,
    accuracy: mean(runs.map(({ accuracy }) => accuracy)),
    macroF1: mean(runs.map(({ macroF1 }) => macroF1)),
    worstAccuracy: mean(runs.map(({ worstSubject }) => worstSubject.accuracy)),
    seconds: mean(runs.map(({ seconds }) => seconds)),
  };
}

type Facts = Pick<Comparison, 'versions' | 'backend' | 'data'>;

export function compare(ours: Contender, forests: readonly Contender[], facts: Facts): Comparison {
  const best = (figure: 'accuracy' | 'macroF1'): number =>
    Math.max(...forests.map((forest) => forest[figure]));
  const difference = {
    accuracy: ours.accuracy - best('accuracy'),
    macroF1: ours.macroF1 - best('macroF1'),
  };
  return {
    formatVersion: 1,
    ...circumstances(),
    ...facts,
    ours,
    forests,
    difference,
    goal: GOAL,
    reached: difference.accuracy >= GOAL && difference.macroF1 >= GOAL,
  };
}

const row = ({ name, accuracy, macroF1, worstAccuracy, seconds }: Contender): string =>
  `| ${name} | ${accuracy.toFixed(4)} | ${macroF1.toFixed(4)} | ${worstAccuracy.toFixed(3)} | ${seconds.toFixed(0)} |`;

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;

export function toMarkdown(comparison: Comparison): string {
  const { machine, data, ours, forests, difference, versions } = comparison;
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `# Classifier benchmark

Leave-one-subject-out on data/sample/watch-exercises.zip: ${data.windows} windows of 4 s every 2 s,
${data.features} features, ${data.subjects} subjects, the same matrix and splits for all, mean of
${ours.runs.length} seeds.

| | accuracy | macro-F1 | worst subject | seconds a run |
|---|---|---|---|---|
${[ours, ...forests].map(row).join('\n')}

Ours against the better forest: accuracy ${signed(difference.accuracy)}, macro-F1
${signed(difference.macroF1)}; the goal is not below ${signed(comparison.goal)}:
${comparison.reached ? 'reached' : 'missed'}.

${comparison.date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB;
backend ${comparison.backend}; ${used.join(', ')}. Run it again with \`npm run bench:classifier\`.
`;
}
