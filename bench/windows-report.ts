/** Compares the legs of the bench of what follows cleaning, and writes the comparison down. */
import type { Circumstances } from './machine';
import { circumstances } from './machine';
import { SCHEMA } from './window-rows';
import type { WindowsLegName } from './windows-leg';

export interface WindowsRun {
  readonly leg: WindowsLegName;
  readonly windows: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

export interface WindowsBench extends Circumstances {
  readonly formatVersion: 1;
  readonly versions: Readonly<Record<string, string>>;
  /** Of a window. */
  readonly features: number;
  readonly runs: readonly WindowsRun[];
}

export const benchOf = (
  versions: WindowsBench['versions'],
  runs: readonly WindowsRun[],
): WindowsBench => ({
  ...{ formatVersion: 1, ...circumstances(), versions },
  ...{ features: SCHEMA.names.length, runs },
});

const TITLES: Record<WindowsLegName, string> = {
  features: 'writing `window_features`, with checks and manifest',
  bare: 'the same rows written by DuckDB bare, with a limit of 8 GB',
  predictions: 'writing `predictions`, each with its features and its signal',
  freeze: 'freezing all of them: read, and written as `training_windows`',
  learn: 'reading all of them and one epoch of training',
};

const sizesOf = (runs: readonly WindowsRun[]): number[] =>
  [...new Set(runs.map(({ windows }) => windows))].sort((a, b) => a - b);

/** Bytes that each window more takes, from the smallest number of windows to the largest; null of one number. */
export function bytesPerWindow(runs: readonly WindowsRun[], leg: WindowsLegName): number | null {
  const own = runs.filter((run) => run.leg === leg).sort((a, b) => a.windows - b.windows);
  const [least, most] = [own.at(0), own.at(-1)];
  if (!least || !most || least.windows === most.windows) return null;
  return (most.peakBytes - least.peakBytes) / (most.windows - least.windows);
}

/** Ours over DuckDB bare, at that number of windows. */
export function timesBare(
  runs: readonly WindowsRun[],
  windows: number,
  figure: 'seconds' | 'peakBytes',
): number | null {
  const of = (leg: WindowsLegName) =>
    runs.find((run) => run.leg === leg && run.windows === windows)?.[figure];
  const [ours, bare] = [of('features'), of('bare')];
  return ours === undefined || bare === undefined ? null : ours / bare;
}

function runLine({ leg, windows, seconds, cpuSeconds, peakBytes }: WindowsRun): string {
  const cells = [
    TITLES[leg],
    windows.toLocaleString('en'),
    seconds.toFixed(1),
    cpuSeconds.toFixed(1),
  ];
  return `| ${[...cells, Math.round(peakBytes / 1e6)].join(' | ')} |`;
}

export function toMarkdown({ machine, versions, features, runs, date }: WindowsBench): string {
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const ratios = sizesOf(runs).map((windows) => {
    const [time, memory] = [
      timesBare(runs, windows, 'seconds'),
      timesBare(runs, windows, 'peakBytes'),
    ];
    return `| ${windows.toLocaleString('en')} | ${time?.toFixed(2) ?? '–'} | ${memory?.toFixed(2) ?? '–'} |`;
  });
  const legs = [...new Set(runs.map(({ leg }) => leg))];
  const growth = legs.map((leg) => {
    const bytes = bytesPerWindow(runs, leg);
    return `| ${TITLES[leg]} | ${bytes === null ? '–' : Math.round(bytes).toLocaleString('en')} |`;
  });
  return `# Benchmark of what follows cleaning

Windows made up, each with ${features} features of nine channels. Each leg ran once, in a process of its own: how far its runs would lie apart was not measured.

| | windows | seconds | s of CPU | peak memory, MB |
|---|---|---|---|---|
${runs.map(runLine).join('\n')}

Writing \`window_features\` over DuckDB bare:

| windows | times the seconds | times the memory |
|---|---|---|
${ratios.join('\n')}

Memory that each window more takes, between the two numbers:

| | bytes |
|---|---|
${growth.join('\n')}

${date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${used.join(', ')}.
Memory is the largest resident memory of a leg's process, looked at ten times a second.
Run it again with \`npm run bench:windows\`.
`;
}
