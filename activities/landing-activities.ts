/** Steps that bring what was said into the lake: predictions from Kafka, labels from PostgreSQL. */
import { log } from '@temporalio/activity';
import type { AnnotationStore } from '../annotation/annotation';
import { WatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';
import { addCounts } from '../lakehouse/counts';
import { literal } from '../lakehouse/engines/duckdb-session';
import type { Cell } from '../lakehouse/engines/row-appender';
import { landingManifest } from '../lakehouse/landing/descriptor';
import type { Lake } from '../lakehouse/lake';
import { publishRows } from '../lakehouse/publish';
import { removedStreams } from '../lakehouse/removed-streams';
import { findBaseToLand } from '../lakehouse/published';
import { floatsOf, storedRows } from '../lakehouse/stored-rows';
import {
  NOBODY,
  WITHDRAWN,
  listHash,
  listNow,
  pseudonymIdentifier,
  withdrawnSubjects,
  type Suppression,
} from '../lakehouse/suppression';
import {
  PREDICTIONS_TABLE,
  labelledWindowsTable,
  predictionsTable,
  windowCells,
} from '../lakehouse/watch/model-tables';
import type { SnapshotManifest } from '../lakehouse/manifest';
import { readPredictions, type LandedPrediction } from '../streaming/landing';
import type { Broker } from '../streaming/ports';
import { decodeFeatures } from '../streaming/prediction';
import type { TopicNames } from '../streaming/topics';
import type { LandedTo } from '../streaming/unlanded';
import { alive } from './alive';
import { asActivities } from './as-activities';

export interface LandingDeps {
  lake: Lake;
  broker: Broker;
  topics: TopicNames;
  annotation: AnnotationStore;
  /** Whose predictions stay out; nobody's by default. */
  suppression?: Suppression;
  /** How long predictions that a predictor has committed are waited for. */
  visibleWithinMs?: number;
}

export interface LandPredictionsInput {
  dataset: string;
  model: string;
  /** Fails when the dataset is unknown, or has nothing that the model predicted. */
  required?: boolean;
}

interface PredictionsOf {
  readonly dataset: string;
  /** Keys of the suppression list. */
  readonly gone: ReadonlySet<string>;
  readonly left: Record<string, number>;
  readonly signal: AbortSignal;
}

export interface LandedTable {
  table: string;
  snapshotId: string;
  rows: number;
  /** Partitions of the topic that were read from their start, as it had been made anew. */
  restarted?: number;
  /** At most so many predictions were deleted from the topic before they landed. */
  skippedOffsets?: number;
  tables: Record<string, LandedSummary>;
}

interface LandedSummary {
  snapshotId: string;
  rows: number;
  reused: boolean;
  quarantined: Record<string, number>;
  dropped: Record<string, number>;
  firstProblems: string[];
}

// Rows are read by both, in the order of the declared columns.
const PREDICTION_COLUMNS = `window_id, model, version, subject_key, device,
  CAST(start_ms AS DOUBLE), CAST(end_ms AS DOUBLE), label, confidence, classes, probabilities,
  candidate, feature_schema, features, signal, kafka_partition, CAST(kafka_offset AS DOUBLE)`;

const SKIPPED =
  'predictions were deleted before they landed: land more often, or set a longer retention.ms of the predictions topic';

/** Of all landings so far, as are the rows. */
const skippedBefore = (previous: SnapshotManifest | null): number =>
  Number(previous?.facts.skippedOffsets ?? 0);

const predictionCells = (each: LandedPrediction): Record<string, Cell> => ({
  window_id: each.windowId,
  model: each.model,
  version: each.version,
  subject_key: each.subjectKey,
  device: each.device,
  start_ms: each.startMs,
  end_ms: each.endMs,
  label: each.label,
  confidence: each.confidence,
  classes: each.classes,
  probabilities: Float32Array.from(each.probabilities),
  candidate: each.candidate,
  feature_schema: each.featureSchema,
  features: each.features === undefined ? null : decodeFeatures(each.features),
  signal: each.signal === undefined ? null : JSON.stringify(each.signal),
  kafka_partition: each.partition,
  kafka_offset: each.offset,
});

export function createLandingActivities(deps: LandingDeps) {
  const { lake, broker, topics, annotation, suppression = NOBODY, visibleWithinMs } = deps;

  /**
   * CATALOG_CONFLICT when somebody has come onto the list meanwhile. Of a table that is not there yet their erasure has nothing to
   * publish anew, by which a writer would know.
   */
  const requireSameList =
    (of: { dataset: string; table: string }, gone: ReadonlySet<string>) => async () => {
      const now = await suppression.keys(of.dataset);
      if (listHash(now) !== listHash(gone))
        throw new WatchlakeError('CATALOG_CONFLICT', { table: of.table });
    };

  /** Rows that the published snapshot has, then those that Kafka has beyond its offsets; counts in `left` whom it leaves out. */
  async function* predictionRows(
    columns: readonly string[],
    previous: SnapshotManifest | null,
    fresh: AsyncIterable<readonly LandedPrediction[]>,
    { dataset, gone, left, signal }: PredictionsOf,
  ): AsyncGenerator<readonly Cell[]> {
    if (previous !== null) {
      const names = PREDICTION_COLUMNS.replace(/CAST\((\w+) AS DOUBLE\)/g, '$1').split(/,\s*/);
      const positions = columns.map((column) => names.indexOf(column));
      const sql = `SELECT ${PREDICTION_COLUMNS} FROM ${PREDICTIONS_TABLE}`;
      const from = { [PREDICTIONS_TABLE]: previous };
      for await (const row of storedRows(lake, { from, sql, signal })) {
        yield positions.map((position) => cellOf(row[position]));
      }
    }
    const isGone = ({ subjectKey }: LandedPrediction): boolean =>
      gone.has(suppression.keyOf(dataset, pseudonymIdentifier(subjectKey)));
    for await (const batch of fresh) {
      for (const prediction of batch.filter((each) => each.dataset === dataset)) {
        if (isGone(prediction)) {
          left[WITHDRAWN] = (left[WITHDRAWN] ?? 0) + 1;
          continue;
        }
        const cells = predictionCells(prediction);
        yield columns.map((column) => cells[column] ?? null);
      }
    }
  }

  async function land({ dataset, model }: LandPredictionsInput) {
    const { signal, report } = alive();
    const base = await findBaseToLand(lake, { dataset, table: PREDICTIONS_TABLE });
    const { before: previous } = base;
    const gone = await suppression.keys(dataset);
    // Those of a former dataset of this name count as landed.
    const removed = previous === null ? await removedStreams(lake.store, dataset) : null;
    const landed: LandedTo | undefined = previous?.facts ?? removed?.predictions;
    const request = { topics, model, landed, visibleWithinMs, signal };
    const reading = await readPredictions(broker, request);
    const restarted = reading.restarted.length;
    const isRead = contentHash(reading.endOffsets) === contentHash(reading.fromOffsets);
    // Said of a former topic, which has to be known to the next landing: it would wait for it again.
    const isSaid = contentHash(reading.former) === contentHash(landed?.former ?? {});
    // A gap is published also where nothing follows it: it is told once.
    const isWhole = restarted === 0 && reading.skippedOffsets() === 0;
    if (previous !== null && isRead && isSaid && isWhole) {
      return { manifest: previous, reused: true, restarted, skippedOffsets: 0 };
    }
    const table = predictionsTable({ dataset, recipe: 1 });
    const columns = table.columns.map(({ name }) => name);
    const left: Record<string, number> = {};
    const published = await publishRows(lake, {
      table,
      replaces: base,
      inputs: {
        previous: previous?.snapshotId ?? 'none',
        offsets: contentHash(reading.endOffsets),
        // Whom it leaves out decides its rows: what was written before somebody withdrew is not taken up.
        withdrawn: listHash(gone),
      },
      rows: () =>
        predictionRows(columns, previous, reading.predictions, { dataset, gone, left, signal }),
      repeated: 'predicted-again',
      // Of all landings so far, as are the rows.
      dropped: () => addCounts([previous?.dropped ?? {}, reading.leftOut, left]),
      facts: () => {
        const { endOffsets, lastRead, former } = reading;
        const skippedOffsets = skippedBefore(previous) + reading.skippedOffsets();
        const known = Object.keys(former).length > 0 ? { former } : {};
        const landedTo = { endOffsets, lastRead, ...known } satisfies LandedTo;
        return { ...landedTo, ...(skippedOffsets > 0 && { skippedOffsets }) };
      },
      signal,
      onRows: (rows) => report({ rows }),
      requireUpToDate: requireSameList({ dataset, table: table.name }, gone),
    });
    const skippedOffsets = reading.skippedOffsets();
    if (skippedOffsets > 0) log.warn(SKIPPED, { dataset, model, offsets: skippedOffsets });
    return { ...published, restarted, skippedOffsets };
  }

  async function hasPredicted(model: string, manifest: SnapshotManifest): Promise<boolean> {
    const from = { [PREDICTIONS_TABLE]: manifest };
    const sql = `SELECT 1 FROM ${PREDICTIONS_TABLE} WHERE model = ${literal(model)} LIMIT 1`;
    for await (const _row of storedRows(lake, { from, sql })) return true;
    return false;
  }

  return asActivities({
    // Safe to retry: the offsets lie in the manifest of the snapshot that holds the rows up to them,
    // so that a reading that was not published is read again, and a published one never twice. When
    // anybody has published meanwhile, another try builds on that.
    async landPredictions(input: LandPredictionsInput): Promise<LandedTable> {
      const { dataset, model, required = false } = input;
      // Before anything is published under a name that was mistyped.
      if (required) await landingManifest(lake, dataset);
      const { manifest, reused, restarted, skippedOffsets } = await land(input);
      if (required && !(await hasPredicted(model, manifest)))
        throw new WatchlakeError('NOTHING_PREDICTED', { dataset, model });
      return { ...summaryOf(manifest, reused), restarted, skippedOffsets };
    },

    // Safe to retry: the same labels give the same snapshot. They are read after the base, so that labels
    // which somebody else has published meanwhile are among those of another try.
    async publishLabels({ dataset }: { dataset: string }): Promise<LandedTable> {
      const { signal, report } = alive();
      const table = labelledWindowsTable({ dataset, recipe: 1 });
      const replaces = await findBaseToLand(lake, { dataset, table: table.name });
      const list = await listNow(suppression, dataset);
      const isGone = await withdrawnSubjects(list, dataset);
      const rows: Cell[][] = [];
      for await (const label of annotation.labels({ dataset })) {
        if (isGone(label.subjectKey)) continue;
        rows.push([
          ...windowCells(label),
          label.eventTimeMs,
          Date.parse(label.knownAt),
          label.annotator,
          label.kind,
          label.featureSchema,
        ]);
        signal.throwIfAborted();
        if (rows.length % 500 === 0) report({ rows: rows.length });
      }
      const { manifest, reused } = await publishRows(lake, {
        table,
        replaces,
        inputs: { labels: contentHash(rows.map(answerOf)) },
        rows: () => latestAnswers(rows),
        signal,
        requireUpToDate: requireSameList({ dataset, table: table.name }, await list.keys(dataset)),
      });
      return summaryOf(manifest, reused);
    },
  });
}

/** An answer that was taken back and given once more is known from then on, though it says the same. */
const answerOf = ([window, , , , label, , , knownAtMs, annotator, kind]: readonly Cell[]): Cell[] =>
  [window, label, knownAtMs, annotator, kind] as Cell[];

/** A window that two campaigns asked for keeps its last answer. */
function latestAnswers(rows: readonly Cell[][]): Cell[][] {
  const byWindow = new Map<Cell, Cell[]>();
  for (const row of rows) {
    const known = byWindow.get(row[0] as Cell);
    if (known === undefined || (known[7] as number) <= (row[7] as number)) {
      byWindow.set(row[0] as Cell, row);
    }
  }
  return [...byWindow.values()];
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'object') return value as Cell;
  const { items } = value as { items: readonly (string | number)[] };
  return typeof items[0] === 'string' ? items : floatsOf(value as never);
}

function summaryOf(manifest: SnapshotManifest, reused: boolean): LandedTable {
  const { table, snapshotId, rows, quarantined, dropped, firstProblems } = manifest;
  const summary: LandedSummary = {
    snapshotId,
    rows,
    reused,
    quarantined: { ...quarantined },
    dropped: { ...dropped },
    firstProblems: [...firstProblems],
  };
  return { table, snapshotId, rows, tables: { [table]: summary } };
}

export type LandingActivities = ReturnType<typeof createLandingActivities>;
