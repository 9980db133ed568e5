/** Hands out label tasks: each to exactly one annotator at a time, for a limited time. */
import { randomUUID } from 'node:crypto';
import { WatchlakeError } from '../core/errors';
import type { Database } from '../core/postgres';
import { channelsFrom, float64From, isTaskId, type LeasedTask, type TaskKind } from './tasks';
import type { Channel } from './campaigns';

export interface LeaseRequest {
  /** When absent, any open one: the oldest that has a free task. */
  campaign?: string;
  /** This one alone, if it is free or the annotator's. */
  task?: string;
  annotator: string;
  leaseSeconds: number;
  count?: number;
  withSignal?: boolean;
}

export interface HeldTask {
  task: string;
  annotator: string;
  lease: string;
}

interface LeasedRow {
  task: string;
  campaign: string;
  dataset: string;
  model: string;
  window_id: string;
  device: string;
  subject_key: string;
  start_ms: number;
  end_ms: number;
  kind: TaskKind;
  version: number;
  classes: string[];
  probabilities: number[];
  lease: string;
  lease_expires_at: Date;
  labels: string[];
  campaign_channels: Channel[];
  channels: string[];
  timestamps_ms: Buffer | null;
  sample_values: Buffer | null;
}

// Whoever asks gets back first what is still in his hands, so that a reloaded page or a restarted
// program goes on where it was. Rows that another request is just taking are passed over.
// Audits come at even distances among the others, in an order that has nothing to do with how sure the model was: a
// campaign that closes early has its share of them, and those answered are as random as all.
// One campaign after the other: in another, the keys of the page may mean other activities.
const LEASE_TASKS = `
  WITH placed AS (
    SELECT p.task, (row_number() OVER (PARTITION BY p.campaign, p.kind
        ORDER BY CASE p.kind WHEN 'uncertain' THEN p.margin END, p.window_id) - 0.5)::float8
      / count(*) OVER (PARTITION BY p.campaign, p.kind) AS place, o.opened_at
    FROM annotation.tasks p JOIN annotation.campaigns o USING (campaign)
    WHERE o.closed_at IS NULL AND ($1::text IS NULL OR p.campaign = $1)
  ), picked AS (
    SELECT t.task, l.place, t.status = 'leased' AND t.annotator = $2 AS own
    FROM annotation.tasks t JOIN placed l USING (task)
    WHERE ($7::bigint IS NULL OR t.task = $7)
      AND (t.status = 'open'
        OR t.status = 'leased' AND (t.annotator = $2 OR t.lease_expires_at <= now()))
    ORDER BY own DESC, l.opened_at, t.campaign, l.place,
      t.margin, t.window_id, t.task
    LIMIT $3
    FOR UPDATE OF t SKIP LOCKED
  )
  UPDATE annotation.tasks t SET
    status = 'leased',
    lease = CASE WHEN t.annotator = $2 THEN t.lease ELSE $4::uuid END,
    annotator = $2,
    lease_expires_at = now() + make_interval(secs => $5)
  FROM picked, annotation.campaigns c
  WHERE t.task = picked.task AND c.campaign = t.campaign
  RETURNING t.task::text, t.campaign, c.dataset, c.model, t.window_id, t.device, t.subject_key,
    t.start_ms::float8, t.end_ms::float8, t.kind, t.version, t.classes, t.probabilities,
    t.margin, picked.place, picked.own, c.opened_at,
    t.lease, t.lease_expires_at, c.classes AS labels, c.channels AS campaign_channels, t.channels,
    CASE WHEN $6 THEN t.timestamps_ms END AS timestamps_ms,
    CASE WHEN $6 THEN t.sample_values END AS sample_values`;

// As if its time were over: its holder may still take it again, under the same lease.
const RETURN_TASK = `
  UPDATE annotation.tasks SET lease_expires_at = least(lease_expires_at, now())
  WHERE task = $1 AND annotator = $2 AND lease = $3 AND status = 'leased'`;

interface PlacedRow extends LeasedRow {
  own: boolean;
  place: number;
  margin: number;
  opened_at: Date;
}

const inTurn = (a: PlacedRow, b: PlacedRow): number =>
  Number(b.own) - Number(a.own) ||
  a.opened_at.getTime() - b.opened_at.getTime() ||
  a.campaign.localeCompare(b.campaign, 'en') ||
  a.place - b.place ||
  a.margin - b.margin ||
  (a.window_id < b.window_id ? -1 : 1);

function signalOf(row: LeasedRow): LeasedTask['signal'] {
  if (row.timestamps_ms === null || row.sample_values === null) return undefined;
  const unitOf = new Map(row.campaign_channels.map(({ name, unit }) => [name, unit]));
  return {
    channels: row.channels,
    units: row.channels.map((channel) => unitOf.get(channel) ?? ''),
    timestampsMs: float64From(row.timestamps_ms),
    values: channelsFrom(row.sample_values, row.channels.length),
  };
}

const toTask = (row: LeasedRow): LeasedTask => ({
  task: row.task,
  campaign: row.campaign,
  dataset: row.dataset,
  model: row.model,
  windowId: row.window_id,
  device: row.device,
  subjectKey: row.subject_key,
  startMs: row.start_ms,
  endMs: row.end_ms,
  kind: row.kind,
  version: String(row.version),
  classes: row.classes,
  probabilities: row.probabilities,
  lease: row.lease,
  leaseExpiresAt: row.lease_expires_at.toISOString(),
  labels: row.labels,
  signal: signalOf(row),
});

export function createLeasing(database: Database) {
  return {
    /** Up to `count` tasks: those in hand first, then the least certain, audits in between; none when none is free. */
    async leaseTasks(request: LeaseRequest): Promise<LeasedTask[]> {
      const { campaign = null, task = null, annotator, leaseSeconds } = request;
      const { count = 1, withSignal = true } = request;
      const { rows } = await database.query<PlacedRow>(LEASE_TASKS, [
        campaign,
        annotator,
        count,
        randomUUID(),
        leaseSeconds,
        withSignal,
        task,
      ]);
      rows.sort(inTurn);
      return rows.map(toTask);
    },

    /** Lets others have a task before its time is over; one that is answered, or somebody else's, stays as it is. Throws TASK_NOT_FOUND. */
    async returnTask({ task, annotator, lease }: HeldTask): Promise<{ returned: boolean }> {
      if (!isTaskId(task)) throw new WatchlakeError('TASK_NOT_FOUND', { task });
      const { rowCount } = await database.query(RETURN_TASK, [task, annotator, lease]);
      if (rowCount === 1) return { returned: true };
      const known = await database.query('SELECT 1 FROM annotation.tasks WHERE task = $1', [task]);
      if (known.rowCount === 0) throw new WatchlakeError('TASK_NOT_FOUND', { task });
      return { returned: false };
    },
  };
}
