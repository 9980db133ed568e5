/** Lands one bounded run of messages: a new snapshot in which only the dates with new events differ. */
import { randomBytes } from 'node:crypto';
import { contentHash } from '../../core/hash';
import type { DuckdbSession } from '../engines/duckdb-session';
import { rowsOf, withDuckdb } from '../engines/duckdb-session';
import { rowsIn } from '../engines/parquet-sink';
import type { Lake } from '../lake';
import type { DataFile, SnapshotManifest } from '../manifest';
import { snapshotPrefix } from '../manifest';
import type { Problem } from '../quarantine';
import { describeProblem } from '../quarantine';
import type { Snapshot, WrittenSnapshot } from '../snapshots';
import { ensureSnapshot } from '../snapshots';
import { recipeHash } from '../tables';
import { dateOf, takeOver } from './date-files';
import { deviceEventsTable, utcDate } from './device-events';
import type { DeviceFacts, LandedDate, LandingRun, Offsets } from './landing-facts';
import { deviceFacts, droppedBy } from './landing-facts';
import type { StageRequest, Staged } from './stage-events';
import { REJECTED, stageEvents } from './stage-events';
import type { Fresh } from './write-dates';
import { keepFresh, writeDate } from './write-dates';
import { writeQuarantine } from './write-quarantine';

export interface LandingRequest extends Omit<StageRequest, 'onMessages'> {
  readonly dataset: string;
  readonly fromOffsets: Offsets;
  /** Exclusive ends: all that lies before them lands, what follows waits for the next run. */
  readonly toOffsets: Offsets;
  readonly skippedOffsets: number;
  /** Partitions that are read from their start, as the topic was made anew. */
  readonly restarted: number;
  readonly deadLetterFrom: Offsets;
  /** Hash of the suppression list that the landing goes by; absent when nobody was on it. */
  readonly suppressed?: string;
  /** An event is late when its date lies more than so many days before the newest one that came before it. */
  readonly lateDays: number;
  readonly onProgress?: (done: Readonly<Record<string, number>>) => void;
}

/** Beside a manifest: the letters of its run have been sent. */
export const deadLettersMark = (manifest: SnapshotManifest): string =>
  `${snapshotPrefix(manifest)}dead-letters.json`;

const FIRST_PROBLEMS = 3;
const DAY_MS = 86_400_000;

type Counts = Readonly<Record<string, number>>;

const sums = (a: Counts, b: Counts): Record<string, number> => {
  const total: Record<string, number> = { ...a };
  for (const [name, n] of Object.entries(b)) if (n > 0) total[name] = (total[name] ?? 0) + n;
  return total;
};

/** A device whose clock runs ahead by years must not make everybody else late. */
const lastDateOf = (now: Date): string => utcDate(now.getTime() + DAY_MS);

export function lateBefore(dates: readonly string[], lateDays: number, now: Date): string | null {
  const lastDate = lastDateOf(now);
  const newest = dates
    .filter((date) => date <= lastDate)
    .toSorted()
    .at(-1);
  return newest === undefined ? null : utcDate(Date.parse(newest) - lateDays * DAY_MS);
}

async function firstProblems(session: DuckdbSession): Promise<string[]> {
  const rows = await rowsOf(
    session,
    `SELECT source_file AS file, source_line AS line, reason, detail FROM ${REJECTED}
      ORDER BY source_file, source_line LIMIT ${FIRST_PROBLEMS}`,
  );
  return rows.map((row) => describeProblem(row as unknown as Problem));
}

function runOf(request: LandingRequest, staged: Staged, fresh: Fresh): LandingRun {
  return {
    topic: request.topic,
    fromOffsets: request.fromOffsets,
    messages: staged.messages,
    rows: [...fresh.dates.values()].reduce((sum, n) => sum + n, 0),
    duplicates: fresh.duplicates,
    withdrawn: staged.withdrawn,
    rejected: staged.rejected,
    late: fresh.late,
    skippedOffsets: request.skippedOffsets,
    restarted: request.restarted,
    dates: [...fresh.dates.keys()],
    deadLetterFrom: request.deadLetterFrom,
  };
}

/** The dates of the snapshot below the prefix, which has written these files anew. */
export function landedDates(
  before: DeviceFacts['dates'],
  written: readonly DataFile[],
  prefix: string,
): Record<string, LandedDate> {
  const dates: Record<string, LandedDate> = { ...before };
  const content = prefix.split('/').at(-2) as string;
  for (const date of new Set(written.map(dateOf))) {
    const rows = rowsIn(written.filter((file) => dateOf(file) === date));
    dates[date] = { rows, content };
  }
  return dates;
}

/** Over all runs together, so that the table as a whole balances: messages = rows + left out. */
function balanceOf(previous: SnapshotManifest | null, { messages, ...run }: LandingRun) {
  const { inputRows = 0, quarantined = {}, dropped = {} } = previous ?? {};
  return {
    inputRows: inputRows + messages,
    quarantined: sums(quarantined, run.rejected),
    dropped: sums(dropped, droppedBy(run)),
  };
}

async function write(
  session: DuckdbSession,
  lake: Lake,
  previous: SnapshotManifest | null,
  request: LandingRequest,
  prefix: string,
): Promise<WrittenSnapshot> {
  const { lateDays, signal, onProgress } = request;
  const facts = deviceFacts(previous);
  const onMessages = (messages: number) => onProgress?.({ read: messages });
  const staged = await stageEvents(session, { ...request, onMessages });
  const now = new Date();
  const held = previous?.files ?? [];
  const fresh = await keepFresh(session, lake, {
    ...{ held, lateDays, lastDate: lastDateOf(now) },
    lateBefore: lateBefore(Object.keys(facts.dates), lateDays, now),
  });
  const run = runOf(request, staged, fresh);

  // A twin of this run must not mix its files with ours.
  const attempt = randomBytes(4).toString('hex');
  const folder = `${prefix}data/${attempt}/`;
  const written: DataFile[] = [];
  for (const date of fresh.dates.keys()) {
    signal?.throwIfAborted();
    written.push(...(await writeDate(session, lake, { date, folder })));
    onProgress?.({ read: staged.messages, files: written.length });
  }
  const untouched = held.filter((file) => !fresh.dates.has(dateOf(file)));
  let copied = 0;
  const onFile = () => onProgress?.({ read: staged.messages, takenOver: (copied += 1) });
  const taken = await takeOver(lake, untouched, folder, onFile);
  const files = [...written, ...taken];
  const quarantine = await writeQuarantine(session, lake, {
    before: previous?.quarantineFiles ?? [],
    folder: `${prefix}quarantine/${attempt}/`,
  });
  const isSameRecipe = previous?.recipeHash === recipeHash(deviceEventsTable(request.dataset));
  return {
    rows: rowsIn(files),
    usedRows: rowsIn(files),
    ...balanceOf(previous, run),
    files,
    checkedBefore: isSameRecipe ? taken : [],
    quarantineFiles: quarantine.files,
    firstProblems: await firstProblems(session),
    facts: {
      offsets: { ...facts.offsets, [request.topic]: request.toOffsets },
      lastRead: {
        ...facts.lastRead,
        [request.topic]: { ...facts.lastRead?.[request.topic], ...staged.lastRead },
      },
      dates: landedDates(facts.dates, written, prefix),
      run: { ...run, quarantine: quarantine.own.map(({ key }) => key) },
      late: facts.late + run.late,
    } satisfies DeviceFacts,
  };
}

/**
 * The snapshot that holds the previous one's rows and those up to the new offsets; not published yet. The same
 * previous snapshot, offsets and suppression list give the same snapshot: a run that was interrupted finds what it has finished.
 */
export function landEvents(
  lake: Lake,
  previous: SnapshotManifest | null,
  request: LandingRequest,
): Promise<Snapshot> {
  const { suppressed } = request;
  return ensureSnapshot(lake, {
    table: deviceEventsTable(request.dataset),
    inputs: {
      previous: previous?.snapshotId ?? 'none',
      topic: request.topic,
      offsets: contentHash(request.toOffsets),
      ...(suppressed === undefined ? {} : { suppressed }),
    },
    signal: request.signal,
    write: (prefix) =>
      withDuckdb({ store: lake.store, options: lake.duckdb, signal: request.signal }, (session) =>
        write(session, lake, previous, request, prefix),
      ),
  });
}
