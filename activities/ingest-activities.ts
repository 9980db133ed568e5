/** Steps that land an archive: open and plan it, land it batch by batch, publish what has landed. */
import { log } from '@temporalio/activity';
import type {
  FormatName,
  IngestPlanBase,
  LandedTableSummary,
  PublishedLanding,
} from '../lakehouse/dataset-format';
import { formatNamed, formatOf, formatOfDataset, refuseOtherFormat } from '../lakehouse/formats';
import type { Lake } from '../lakehouse/lake';
import { loadPlan } from '../lakehouse/landing/ingest-folder';
import type { Read } from '../lakehouse/landing/reading';
import { refuseRemoved } from '../lakehouse/removal';
import type { OpenOptions } from '../lakehouse/sources/open-source';
import { forgetDownload, forgetSpoilt, openSource } from '../lakehouse/sources/open-source';
import type { Source } from '../lakehouse/sources/source';
import type { Suppression } from '../lakehouse/suppression';
import { NOBODY } from '../lakehouse/suppression';
import { alive } from './alive';
import { asActivities } from './as-activities';
import { count } from './meters';
import { recordingsOf, withoutFiles, type RecordingOf } from './unnamed-files';

const REPORTS_MS = 1000;

export interface IngestDeps {
  readonly lake: Lake;
  /** The secret that pseudonyms are made with. */
  readonly subjectKey: string;
  readonly source?: Pick<OpenOptions, 'limits' | 'spoolFolder' | 's3'>;
  /** Whose rows stay out; nobody's by default. */
  readonly suppression?: Suppression;
}

export interface OpenArchiveResult {
  readonly ingestId: string;
  readonly dataset: string;
  readonly members: number;
  /** Of the members that land; absent in runs of earlier versions. */
  readonly bytes?: number;
  readonly batches: number;
  readonly planKey: string;
  readonly alreadyLanded: boolean;
}

export interface LandBatchResult {
  readonly members: number;
  readonly rows: number;
  /** Of the members; absent in runs of earlier versions. */
  readonly bytes?: number;
}

export type PublishLandingResult = PublishedLanding;

export function createIngestActivities(deps: IngestDeps) {
  const { lake, subjectKey: secret, source: options, suppression = NOBODY } = deps;

  interface Opening extends Pick<OpenOptions, 'known' | 'signal' | 'extensions' | 'catalogTables'> {
    readonly recordingOf: RecordingOf;
  }

  async function withSource<T>(
    name: string,
    { recordingOf, ...opening }: Opening,
    work: (source: Source) => Promise<T>,
  ): Promise<T> {
    let source: Source | undefined;
    try {
      source = await openSource(name, { ...options, ...opening, ...tellingOfTheArchive() });
      return await work(source);
    } catch (error) {
      await forgetSpoilt(name, error, options?.spoolFolder).catch(() => undefined);
      throw withoutFiles(error, source, recordingOf);
    } finally {
      await source?.close();
    }
  }

  const reopened = <T>(
    plan: IngestPlanBase,
    signal: AbortSignal,
    work: (source: Source) => Promise<T>,
  ): Promise<T> => {
    const format = formatOf(plan);
    const { extensions, catalogTables } = format;
    const recordingOf = recordingsOf(format, { dataset: plan.dataset, secret });
    const opening = { known: plan.known, signal, extensions, catalogTables, recordingOf };
    return withSource(plan.source, opening, work);
  };

  return asActivities({
    // Safe to retry: it reads the archive and hashes it.
    async identifySource(input: {
      source: string;
      format?: FormatName;
      /** Absent in runs of earlier versions. */
      dataset?: string;
    }): Promise<{ sourceHash: string }> {
      const { source, dataset = '' } = input;
      const format = formatOf(input);
      const { extensions, catalogTables } = format;
      const recordingOf = recordingsOf(format, { dataset, secret });
      const opening = { signal: alive().signal, extensions, catalogTables, recordingOf };
      return withSource(source, opening, async ({ contentHash }) => ({ sourceHash: contentHash }));
    },

    // Safe to retry: the plan follows from the archive and what has landed; writing it again is harmless.
    async openArchive(input: {
      source: string;
      dataset: string;
      format: FormatName;
    }): Promise<OpenArchiveResult> {
      const { dataset } = input;
      const format = formatNamed(input.format);
      await refuseRemoved(lake, dataset);
      await refuseOtherFormat(lake, dataset, format.name);
      const { extensions, catalogTables } = format;
      const recordingOf = recordingsOf(format, { dataset, secret });
      const opening = { signal: alive().signal, extensions, catalogTables, recordingOf };
      return withSource(input.source, opening, async (source) => ({
        dataset,
        ...(await format.openIngest(lake, { dataset, source, secret, suppression })),
      }));
    },

    // Safe to retry: a part is written whole and once; a retry goes on at the first that is missing.
    async landBatch(input: { planKey: string; batch: number }): Promise<LandBatchResult> {
      const { signal, report } = alive();
      const { planKey, batch } = input;
      const plan = await loadPlan(lake, planKey);
      const { dataset } = plan;
      // What the run's own counts lack until the batch has landed.
      const underWay = { bytesRead: 0, membersBegun: 0, rows: 0 };
      const tell = seldom(() => report({ underWay }));
      const onRead = (read: Read) => {
        Object.assign(underWay, read);
        tell();
      };
      const onRows = (rows: number) => {
        underWay.rows += rows;
        tell();
        count('landedRows', rows, { dataset });
      };
      return reopened(plan, signal, (source) => {
        const told = { signal, onRows, onRead };
        const request = { plan, batch, dataset, source, secret, suppression, ...told };
        return formatOf(plan).landBatch(lake, request);
      });
    },

    // Safe to retry: the snapshot follows from what has landed, and the pointer moves once.
    async publishLanding({ planKey }: { planKey: string }): Promise<PublishLandingResult> {
      const plan = await loadPlan(lake, planKey);
      // Again: an archive of another format may have landed since this one was planned.
      await refuseOtherFormat(lake, plan.dataset, formatOf(plan).name);
      const landed = await formatOf(plan).publishLanding(lake, plan, { signal: alive().signal });
      await forgetDownload(plan.source, options?.spoolFolder);
      return landed;
    },

    // Safe to retry: what passes is a row from then on, the rest stays where it is.
    async replayQuarantine({
      dataset,
    }: {
      dataset: string;
    }): Promise<Record<string, LandedTableSummary>> {
      const format = await formatOfDataset(lake, dataset);
      const request = { dataset, secret, suppression, signal: alive().signal };
      return (await format.replayQuarantine?.(lake, request)) ?? {};
    },
  });
}

/** The first time at once, and then as often as a person can follow. */
function seldom<Args extends unknown[]>(tell: (...args: Args) => void): (...args: Args) => void {
  let toldMs = 0;
  return (...args) => {
    if (Date.now() - toldMs < REPORTS_MS) return;
    toldMs = Date.now();
    tell(...args);
  };
}

/** An archive may take hours to come, and minutes to be read: the web UI shows how far it is. */
function tellingOfTheArchive(): Pick<OpenOptions, 'onNote' | 'onProgress' | 'onHashed'> {
  const { report } = alive();
  const tell = seldom(report);
  return {
    onNote: (note) => void log.warn(note),
    onProgress: ({ bytes, total }) => tell({ downloaded: bytes, of: total ?? null }),
    onHashed: ({ bytes, total }) => tell({ hashed: bytes, of: total }),
  };
}

export type IngestActivities = ReturnType<typeof createIngestActivities>;
