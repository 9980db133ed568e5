/** Candidates for labelling, as they lie in the published table of predictions. */
import type { Channel } from '../annotation/campaigns';
import { inList, literal } from '../lakehouse/engines/duckdb-session';
import { datasetDescriptor } from '../lakehouse/landing/descriptor';
import type { Lake } from '../lakehouse/lake';
import { activitiesOf } from '../lakehouse/samples';
import { findManifest, findManifestOrNull } from '../lakehouse/snapshots';
import { floatsOf, storedRows } from '../lakehouse/stored-rows';
import { PREDICTIONS_TABLE } from '../lakehouse/watch/model-tables';
import { FEATURES_TABLE } from '../lakehouse/watch/window-features';
import type { FeatureSchema } from '../models/features';
import { encodeFeatures, type Prediction, type PredictionSignal } from '../streaming/prediction';
import type { CandidateQuery, PredictionSource } from './annotation-activities';

const COLUMNS = `p.window_id, p.device, p.subject_key, CAST(p.start_ms AS DOUBLE),
  CAST(p.end_ms AS DOUBLE), p.model, p.version, p.classes, p.probabilities, p.label, p.confidence,
  p.candidate, p.feature_schema`;
const TASK_COLUMNS = `${COLUMNS}, p.features, p.signal`;
// DuckDB sorts them: with features and signals only so many at once.
const IDS_AT_ONCE = 1000;

type Row = readonly unknown[];
const text = (row: Row, index: number): string => String(row[index]);
const itemsOf = (cell: unknown): readonly string[] => (cell as { items: string[] }).items;

const toPrediction = (dataset: string, row: Row): Prediction => ({
  dataset,
  windowId: text(row, 0),
  device: text(row, 1),
  subjectKey: text(row, 2),
  startMs: row[3] as number,
  endMs: row[4] as number,
  model: text(row, 5),
  version: text(row, 6),
  classes: [...itemsOf(row[7])],
  probabilities: [...floatsOf(row[8] as never)],
  label: text(row, 9),
  confidence: row[10] as number,
  candidate: row[11] as Prediction['candidate'],
  featureSchema: text(row, 12),
  ...(row.length > 13 && {
    features: encodeFeatures(floatsOf(row[13] as never)),
    signal: JSON.parse(text(row, 14)) as PredictionSignal,
  }),
});

/** Undefined for all windows at once; in the order of the ids. */
function portionsOf(windowIds?: readonly string[]): (readonly string[] | undefined)[] {
  if (windowIds === undefined) return [undefined];
  const ids = [...windowIds].sort();
  const starts = Array.from({ length: Math.ceil(ids.length / IDS_AT_ONCE) }, (_, at) => at);
  return starts.map((at) => ids.slice(at * IDS_AT_ONCE, (at + 1) * IDS_AT_ONCE));
}

// A registry counts them; what is no number, or a larger one than it can count, is nobody's.
const NUMBER = 'TRY_CAST(p.version AS INTEGER)';

export const createPredictionSource = (lake: Lake): PredictionSource => ({
  async *candidates({ dataset, model, subjectKeys, except = [], windowIds }: CandidateQuery) {
    const manifest = await findManifest(lake, { dataset, table: PREDICTIONS_TABLE });
    const ofSubjects = subjectKeys ? `AND p.subject_key IN ${inList(subjectKeys)}` : '';
    const ofOthers = except.length > 0 ? `AND p.subject_key NOT IN ${inList(except)}` : '';
    for (const ids of portionsOf(windowIds)) {
      const ofWindows = ids ? `AND p.window_id IN ${inList(ids)}` : '';
      const where = `p.model = ${literal(model)} ${ofSubjects} ${ofOthers} ${ofWindows}`;
      const rows = storedRows(lake, {
        from: { [PREDICTIONS_TABLE]: manifest },
        // What a newer version is sure of is not asked about.
        sql: `SELECT ${ids ? TASK_COLUMNS : COLUMNS} FROM ${PREDICTIONS_TABLE} p
          JOIN (SELECT p.window_id, max(${NUMBER}) AS newest FROM ${PREDICTIONS_TABLE} p
            WHERE ${where} GROUP BY 1) n
            ON n.window_id = p.window_id AND n.newest = ${NUMBER}
          WHERE ${where} AND p.candidate IS NOT NULL
          ORDER BY p.window_id`,
      });
      for await (const row of rows) yield toPrediction(dataset, row);
    }
  },

  async channels({ dataset }): Promise<readonly Channel[]> {
    const { channels } = await datasetDescriptor(lake, dataset);
    return channels.map(({ name, unit }) => ({ name, unit }));
  },

  activities: ({ dataset }) => activitiesOf(lake, { dataset }),

  async featureSchema({ dataset }): Promise<string | null> {
    const manifest = await findManifestOrNull(lake, { dataset, table: FEATURES_TABLE });
    return (manifest?.facts.featureSchema as FeatureSchema | undefined)?.hash ?? null;
  },
});
