/** Steps that bring what was said into the lake: predictions from Kafka, labels from PostgreSQL. */
import type { AnnotationStore } from '../annotation/annotation';
import { contentHash } from '../core/hash';
import type { Cell } from '../lakehouse/engines/row-appender';
import type { Lake } from '../lakehouse/lake';
import { publishRows } from '../lakehouse/publish';
import { findManifestOrNull } from '../lakehouse/snapshots';
import { floatsOf, storedRows } from '../lakehouse/stored-rows';
import { NOBODY, pseudonymIdentifier, type Suppression } from '../lakehouse/suppression';
import {
  PREDICTIONS_TABLE,
  labelledWindowsTable,
  predictionsTable,
} from '../lakehouse/watch/model-tables';
import type { SnapshotManifest } from '../lakehouse/manifest';
import { readPredictions, type LandedPrediction } from '../streaming/landing';
import type { Broker, Offsets } from '../streaming/ports';
import { decodeFeatures } from '../streaming/prediction';
import type { TopicNames } from '../streaming/topics';
import { alive } from './alive';
import { asActivities } from './as-activities';

export interface LandingDeps {
  lake: Lake;
  broker: Broker;
  topics: TopicNames;
  annotation: AnnotationStore;
  /** Whose predictions stay out; nobody's by default. */
  suppression?: Suppression;
}

export interface LandedTable {
  table: string;
  snapshotId: string;
  rows: number;
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
  const { lake, broker, topics, annotation, suppression = NOBODY } = deps;

  /** Rows that the published snapshot has, then those that Kafka has beyond its offsets. */
  async function* predictionRows(
    columns: readonly string[],
    previous: SnapshotManifest | null,
    fresh: AsyncIterable<readonly LandedPrediction[]>,
    { dataset, signal }: { dataset: string; signal: AbortSignal },
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
    const gone = await suppression.keys(dataset);
    const isWanted = ({ dataset: of, subjectKey }: LandedPrediction): boolean =>
      of === dataset && !gone.has(suppression.keyOf(dataset, pseudonymIdentifier(subjectKey)));
    for await (const batch of fresh) {
      for (const prediction of batch.filter(isWanted)) {
        const cells = predictionCells(prediction);
        yield columns.map((column) => cells[column] ?? null);
      }
    }
  }

  return asActivities({
    // Safe to retry: the offsets lie in the manifest of the snapshot that holds the rows up to them,
    // so that a reading that was not published is read again, and a published one never twice.
    async landPredictions({
      dataset,
      model,
    }: {
      dataset: string;
      model: string;
    }): Promise<LandedTable> {
      const { signal, report } = alive();
      const previous = await findManifestOrNull(lake, { dataset, table: PREDICTIONS_TABLE });
      const fromOffsets = previous?.facts.endOffsets as Offsets | undefined;
      const reading = await readPredictions(broker, { topics, model, fromOffsets, signal });
      if (previous !== null && contentHash(reading.endOffsets) === contentHash(fromOffsets)) {
        return summaryOf(previous, true);
      }
      const table = predictionsTable({ dataset, recipe: 1 });
      const columns = table.columns.map(({ name }) => name);
      const { manifest, reused } = await publishRows(lake, {
        table,
        inputs: {
          previous: previous?.snapshotId ?? 'none',
          offsets: contentHash(reading.endOffsets),
        },
        rows: () => predictionRows(columns, previous, reading.predictions, { dataset, signal }),
        facts: { endOffsets: reading.endOffsets, lastModel: model },
        signal,
        onRows: (rows) => report({ rows }),
      });
      return summaryOf(manifest, reused);
    },

    // Safe to retry: the same labels give the same snapshot.
    async publishLabels({ dataset }: { dataset: string }): Promise<LandedTable> {
      const { signal, report } = alive();
      const rows: Cell[][] = [];
      let featureSchema = '';
      for await (const label of annotation.labels({ dataset })) {
        featureSchema = label.featureSchema;
        rows.push([
          label.windowId,
          label.subjectKey,
          label.device,
          label.startMs,
          label.label,
          label.features,
          label.eventTimeMs,
          Date.parse(label.knownAt),
          label.annotator,
          label.kind,
        ]);
        signal.throwIfAborted();
        if (rows.length % 500 === 0) report({ rows: rows.length });
      }
      const { manifest, reused } = await publishRows(lake, {
        table: labelledWindowsTable({ dataset, recipe: 1 }),
        inputs: { labels: contentHash(rows.map(([window, , , , label]) => [window, label])) },
        rows: () => latestAnswers(rows),
        facts: { featureSchemaHash: featureSchema },
        signal,
      });
      return summaryOf(manifest, reused);
    },
  });
}

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
