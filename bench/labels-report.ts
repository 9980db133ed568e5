/** Compares ways to choose windows for labels, and writes the comparison down. */
import { mean } from 'simple-statistics';
import type { Circumstances } from './machine';
import { circumstances } from './machine';

export const CHOICES = ['asked', 'atRandom', 'leastSure'] as const;
export type ChoiceName = (typeof CHOICES)[number];

export interface LabelsRun {
  /** Seed of who begins, who is streamed and who is unseen. */
  readonly draw: number;
  /** Null where nothing was chosen: no label at all, or all that there are. */
  readonly choice: ChoiceName | null;
  readonly labels: number;
  /** On the windows of the unseen people, all together. */
  readonly macroF1: number;
}

interface Facts {
  readonly backend: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly windows: number;
}

export interface LabelsBench extends Circumstances, Facts {
  readonly formatVersion: 1;
  readonly runs: readonly LabelsRun[];
}

export const benchOf = (facts: Facts, runs: readonly LabelsRun[]): LabelsBench => ({
  ...{ formatVersion: 1, ...circumstances(), ...facts, runs },
});

export interface Row {
  readonly labels: number;
  readonly means: Readonly<Record<ChoiceName, number>>;
  /** Asked less at random, by draw. */
  readonly gains: readonly number[];
}

/** By number of labels, in rising order. */
export function rowsOf(runs: readonly LabelsRun[]): Row[] {
  const chosen = runs.filter(({ choice }) => choice !== null);
  const numbers = [...new Set(chosen.map(({ labels }) => labels))].sort((a, b) => a - b);
  return numbers.map((labels) => {
    const of = (choice: ChoiceName) =>
      chosen.filter((run) => run.labels === labels && run.choice === choice);
    const meanOf = (choice: ChoiceName) => mean(of(choice).map(({ macroF1 }) => macroF1));
    const gains = of('asked').map(({ draw, macroF1 }) => {
      const other = of('atRandom').find((run) => run.draw === draw) as LabelsRun;
      return macroF1 - other.macroF1;
    });
    const means = { asked: meanOf('asked'), atRandom: meanOf('atRandom') };
    return { labels, means: { ...means, leastSure: meanOf('leastSure') }, gains };
  });
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;

const row = ({ labels, means, gains }: Row): string => {
  const figures = CHOICES.map((choice) => means[choice].toFixed(3));
  const better = gains.filter((gain) => gain > 0).length;
  const cells = [labels, ...figures, signed(mean([...gains])), `${better} of ${gains.length}`];
  return `| ${cells.join(' | ')} |`;
};

export function toMarkdown(bench: LabelsBench): string {
  const { machine, runs, versions, windows } = bench;
  const unchosen = runs.filter(({ choice }) => choice === null);
  const scores = (isWanted: (run: LabelsRun) => boolean) =>
    mean(unchosen.filter(isWanted).map(({ macroF1 }) => macroF1)).toFixed(3);
  const draws = new Set(runs.map(({ draw }) => draw)).size;
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `# Labels benchmark

What labels are worth on data/sample/watch-exercises.zip (${windows} windows of ten people): a champion of one person
classifies three others; some of their windows get the label of their recording, and a challenger learns those as well. Macro-F1 on the six
people left, mean of ${draws} draws of who is who. The draws share their ten people, so that they are no independent trials.

- asked: as a campaign chooses, the least sure of each device and predicted class in turn, none beside another;
- at random: as many of the same windows;
- least sure: those with the smallest margin, with no care for neighbours.

| labels | asked | at random | least sure | asked − at random | asked better |
|---|---|---|---|---|---|
${rowsOf(runs).map(row).join('\n')}

Without a label: ${scores(({ labels }) => labels === 0)}. With all that the three people's windows have: ${scores(({ labels }) => labels > 0)}.

${bench.date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB;
backend ${bench.backend}; ${used.join(', ')}. Run it again with \`npm run bench:labels\`.
`;
}
