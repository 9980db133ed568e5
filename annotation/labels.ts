/** Reads labels with what training needs of their windows. */
import { composed } from '../core/letters';
import { onlyRow, type Database } from '../core/postgres';
import { float32From, type TaskKind } from './tasks';

export interface LabelQuery {
  dataset: string;
  /** Only what was known by then: ISO time. */
  knownUntil?: string;
  campaign?: string;
  pageSize?: number;
}

export interface Label {
  windowId: string;
  dataset: string;
  device: string;
  subjectKey: string;
  startMs: number;
  endMs: number;
  label: string;
  annotator: string;
  kind: TaskKind;
  /** When it happened, on the device's clock. */
  eventTimeMs: number;
  /** When the answer was given: ISO time. */
  knownAt: string;
  campaign: string;
  batch: string;
  featureSchema: string;
  features: Float32Array;
}

interface LabelRow {
  task: string;
  window_id: string;
  dataset: string;
  device: string;
  subject_key: string;
  start_ms: number;
  end_ms: number;
  label: string;
  annotator: string;
  kind: TaskKind;
  event_time_ms: number;
  known_at: Date;
  campaign: string;
  batch: string;
  feature_schema: string;
  features: Buffer;
}

const PAGE = `
  SELECT l.task::text, l.window_id, l.dataset, l.device, l.subject_key, t.start_ms::float8,
    t.end_ms::float8, l.label, l.annotator, l.kind, l.event_time_ms::float8, l.known_at,
    l.campaign, l.batch, t.feature_schema, t.features
  FROM annotation.labels l JOIN annotation.tasks t USING (task)
  WHERE l.dataset = $1 AND ($2::timestamptz IS NULL OR l.known_at <= $2)
    AND ($3::text IS NULL OR l.campaign = $3) AND l.task > $4
  ORDER BY l.task LIMIT $5`;

const toLabel = (row: LabelRow): Label => ({
  windowId: row.window_id,
  dataset: row.dataset,
  device: row.device,
  subjectKey: row.subject_key,
  startMs: row.start_ms,
  endMs: row.end_ms,
  label: composed(row.label),
  annotator: row.annotator,
  kind: row.kind,
  eventTimeMs: row.event_time_ms,
  knownAt: row.known_at.toISOString(),
  campaign: row.campaign,
  batch: row.batch,
  featureSchema: row.feature_schema,
  features: float32From(row.features),
});

export function createLabels(database: Database) {
  return {
    /** How many answers were given after that time. */
    async countLabels({ dataset, after }: { dataset: string; after: string | null }) {
      const counted = await database.query<{ labels: number }>(
        `SELECT count(*)::int AS labels FROM annotation.labels
         WHERE dataset = $1 AND ($2::timestamptz IS NULL OR known_at > $2)`,
        [dataset, after],
      );
      return onlyRow(counted);
    },

    /** Every label, a page in memory at a time, in the order in which the tasks were made. */
    async *labels(query: LabelQuery): AsyncGenerator<Label> {
      const { dataset, knownUntil = null, campaign = null, pageSize = 500 } = query;
      let after = '0';
      for (;;) {
        const { rows } = await database.query<LabelRow>(PAGE, [
          dataset,
          knownUntil,
          campaign,
          after,
          pageSize,
        ]);
        for (const row of rows) yield toLabel(row);
        const last = rows.at(-1);
        if (last === undefined || rows.length < pageSize) return;
        after = last.task;
      }
    },
  };
}
