/** What a person is told of a refresh of recordings that gave no window: that, and what may be the cause. */
import { TRUSTED_TABLE } from '../lakehouse/watch/trusted';
import { WINDOWS_TABLE } from '../lakehouse/watch/windows';
import type { TableSummary } from '../workflows/refresh-tables';
import { commandLine } from './follow-run';
import { figure, IN_A_SECOND } from './sampling';
import type { Shell } from './shell';
import { count, type Voice } from './voice';

type Tables = Readonly<Record<string, TableSummary>>;
type Place = { readonly shell: Shell; readonly dataset: string };

const NO_NUMBER = 'timestamp-not-a-number';

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, n) => total + n, 0);

/** Whether anything can be learned from: a loop without windows only fails. */
export const hasNoWindows = (tables: Tables): boolean => tables[WINDOWS_TABLE]?.rows === 0;

/** Of the format that has a column timestamp_ms. */
function unitCause({ emptiness }: TableSummary, trusted: TableSummary | undefined): string | null {
  if (emptiness === undefined) return null;
  const { medianDistanceMs, likelyUnit } = emptiness;
  if (likelyUnit !== undefined && medianDistanceMs !== null) {
    const rate = figure(IN_A_SECOND[likelyUnit] / medianDistanceMs);
    return `timestamp_ms looks like ${likelyUnit}: as milliseconds the samples are ${figure(medianDistanceMs)} ms apart, in ${likelyUnit} they are ${rate} a second. Write milliseconds`;
  }
  const isText = (trusted?.quarantined[NO_NUMBER] ?? 0) > 0 && trusted?.rows === 0;
  if (isText) {
    return 'timestamp_ms has no milliseconds: it has to be a number, such as 1700000000020, and no date or time of day';
  }
  return 'timestamp_ms may be in another unit than milliseconds, such as seconds or microseconds';
}

function quarantineCause(tables: Tables, { shell, dataset }: Place): string | null {
  const sick = Object.entries(tables).find(([, { quarantined }]) => sum(quarantined) > 0);
  if (sick === undefined) return null;
  const [name, { quarantined }] = sick;
  const command = commandLine(shell, `quarantine show ${name} --dataset ${dataset}`);
  return `${count(sum(quarantined))} rows of ${name} are in quarantine: ${command}`;
}

/** Of rows that are samples and yet in no window. */
function lengthCause(trusted: TableSummary | undefined): string | null {
  if (trusted?.rows === 0) return null;
  return 'recordings, or their stretches without a gap, may be shorter than a window (--window-length)';
}

export function showNoWindows(voice: Voice, tables: Tables, place: Place): void {
  const windows = tables[WINDOWS_TABLE];
  if (windows === undefined) return;
  const trusted = tables[TRUSTED_TABLE];
  const causes = [
    unitCause(windows, trusted),
    quarantineCause(tables, place),
    lengthCause(trusted),
  ].filter((cause) => cause !== null);
  voice.line();
  voice.line(
    `  ${voice.colors.yellow('no window')} was published: nothing can be learned from ${place.dataset} as it is. Look at these first:`,
  );
  for (const cause of causes) voice.line(`    – ${cause}`);
}
