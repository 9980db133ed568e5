/** Compares the legs of the benches of smartwatch archives, and writes the comparison down. */
import { median } from 'simple-statistics';
import type { Circumstances } from './machine';
import { circumstances } from './machine';

export interface LegRun {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly steps: Readonly<Record<string, number>>;
}

export interface LegOfSize {
  readonly leg: string;
  readonly gigabytes: number;
  readonly bytes: number;
  readonly lines: number;
  readonly runs: readonly LegRun[];
}

export interface Goal {
  readonly what: string;
  readonly measured: number | null;
  readonly goal: number;
  readonly reached: boolean | null;
}

export interface CasasBench extends Circumstances {
  readonly formatVersion: 1;
  readonly versions: Readonly<Record<string, string>>;
  readonly legs: readonly LegOfSize[];
  readonly goals: readonly Goal[];
}

export const benchOf = (
  versions: CasasBench['versions'],
  legs: readonly LegOfSize[],
  goals: readonly Goal[],
): CasasBench => ({ formatVersion: 1, ...circumstances(), versions, legs, goals });

export const secondsOf = ({ runs }: LegOfSize): number =>
  median(runs.map(({ seconds }) => seconds));

export const peakOf = ({ runs }: LegOfSize): number =>
  Math.max(...runs.map(({ peakBytes }) => peakBytes));

/** The leg at this size; the first size it was run at when none is given. */
export const legNamed = (
  legs: readonly LegOfSize[],
  name: string,
  gigabytes?: number,
): LegOfSize | undefined =>
  legs.find((each) => each.leg === name && each.gigabytes === (gigabytes ?? each.gigabytes));

type Of<T> = T | undefined;
const ratio = (a: Of<number>, b: Of<number>): number | null =>
  a === undefined || b === undefined ? null : a / b;

/** `over` in units of `under`: seconds of other legs over ours is how many times faster ours was. */
export const timesFaster = (ours: Of<LegOfSize>, other: Of<LegOfSize>): number | null =>
  ratio(other && secondsOf(other) / other.bytes, ours && secondsOf(ours) / ours.bytes);

export const atLeast = (what: string, measured: number | null, goal: number): Goal => ({
  ...{ what, measured, goal, reached: measured === null ? null : measured >= goal },
});
export const atMost = (what: string, measured: number | null, goal: number): Goal => ({
  ...{ what, measured, goal, reached: measured === null ? null : measured <= goal },
});

const MEGABYTE = 1e6;

function legLine(each: LegOfSize, titles: Readonly<Record<string, string>>): string {
  const seconds = secondsOf(each);
  const cells = [
    titles[each.leg] ?? each.leg,
    (each.bytes / 1e9).toFixed(1),
    each.runs.length,
    seconds.toFixed(1),
    each.runs.map((run) => run.seconds.toFixed(1)).join(', '),
    Math.round(each.bytes / MEGABYTE / seconds),
    Math.round(each.lines / seconds / 1000),
    median(each.runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(1),
    Math.round(peakOf(each) / MEGABYTE),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** What a single figure cannot tell. */
function onRuns(legs: readonly LegOfSize[]): string {
  const once = legs.filter(({ runs }) => runs.length === 1).length;
  if (once === 0) return 'Seconds are medians of the runs.';
  const unknown = 'how far its runs would lie apart was not measured';
  return once === legs.length
    ? `Each leg was run once: ${unknown}.`
    : `Seconds are medians of the runs. Of a leg that was run once, ${unknown}.`;
}

function goalLine({ what, measured, goal, reached }: Goal): string {
  const outcome = reached === null ? 'not measured' : reached ? 'reached' : 'missed';
  return `| ${what} | ${measured === null ? '–' : measured.toFixed(2)} | ${goal} | ${outcome} |`;
}

export interface Wording {
  readonly title: string;
  readonly about: string;
  readonly titles: Readonly<Record<string, string>>;
  readonly command: string;
}

export function toMarkdown(bench: CasasBench, { title, about, titles, command }: Wording): string {
  const { machine, versions, legs, goals } = bench;
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const steps = legs.flatMap(({ leg, gigabytes, runs }) => {
    const own = Object.entries(runs.at(-1)?.steps ?? {});
    const told = own.map(([name, seconds]) => `${name} ${seconds.toFixed(1)}`).join(', ');
    return own.length > 0 ? [`- ${titles[leg] ?? leg}, ${gigabytes} GB: ${told}`] : [];
  });
  return `# ${title}

${about}

| | GB of CSV | runs | seconds | each run | MB/s | thousand rows/s | s of CPU | peak memory, MB |
|---|---|---|---|---|---|---|---|---|
${legs.map((each) => legLine(each, titles)).join('\n')}

${onRuns(legs)}

| | measured | goal | |
|---|---|---|---|
${goals.map(goalLine).join('\n')}

Seconds by step, in the last run:

${steps.join('\n')}

${bench.date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${used.join(', ')}.
Memory is the largest sum of resident memory of a leg's process and its children, looked at ten times a second.
Run it again with \`${command}\`.
`;
}
