/** Campaigns: which windows of a dataset are asked, with which labels, and how far they are. */
import { isDeepStrictEqual } from 'node:util';
import { WatchlakeError } from '../core/errors';
import { onlyRow, type Database, type Queryable } from '../core/postgres';
import { marginOf } from '../models/acquisition';
import type { WindowTime } from '../models/taken-times';
import { ORACLE, bytesOf, channelBytes, type NewTask, type TaskKind } from './tasks';

export interface Channel {
  name: string;
  unit: string;
}

export interface CampaignInput {
  campaign: string;
  dataset: string;
  model: string;
  /** The labels that may be answered, in the order of the number keys. */
  classes: readonly string[];
  /** Units for the plot; a channel that is not listed is drawn without one. */
  channels?: readonly Channel[];
  /** How many answers are wanted. */
  target: number;
}

export interface CampaignProgress {
  campaign: string;
  dataset: string;
  model: string;
  status: 'open' | 'closed';
  target: number;
  tasks: number;
  /** Waiting for an annotator. */
  open: number;
  /** In somebody's hands. */
  leased: number;
  answered: number;
  skipped: number;
  /** Answers by what they are for. */
  labels: Record<TaskKind, number>;
  /** Of the answers, those that the recordings themselves gave. */
  byOracle: number;
  openedAt: string;
  lastAnswerAt: string | null;
}

interface CampaignRow {
  dataset: string;
  model: string;
  classes: string[];
  channels: Channel[];
  target: number;
  filled: boolean;
}

interface ProgressRow extends Omit<
  CampaignProgress,
  'status' | 'labels' | 'byOracle' | 'openedAt' | 'lastAnswerAt'
> {
  by_oracle: number;
  uncertain: number;
  audit: number;
  opened_at: Date;
  closed_at: Date | null;
  last_answer_at: Date | null;
}

interface AskedRow {
  window_id: string;
  device: string;
  start_ms: number;
  end_ms: number;
}

const PROGRESS = `
  SELECT c.campaign, c.dataset, c.model, c.target, c.opened_at, c.closed_at,
    count(t.task)::int AS tasks,
    count(*) FILTER (WHERE t.status = 'open'
      OR t.status = 'leased' AND t.lease_expires_at <= now())::int AS open,
    count(*) FILTER (WHERE t.status = 'leased' AND t.lease_expires_at > now())::int AS leased,
    count(*) FILTER (WHERE t.status = 'answered')::int AS answered,
    count(*) FILTER (WHERE t.status = 'skipped')::int AS skipped,
    count(*) FILTER (WHERE t.status = 'answered' AND t.kind = 'uncertain')::int AS uncertain,
    count(*) FILTER (WHERE t.status = 'answered' AND t.kind = 'audit')::int AS audit,
    count(*) FILTER (WHERE t.status = 'answered' AND t.annotator = '${ORACLE}')::int AS by_oracle,
    (SELECT max(l.known_at) FROM annotation.labels l WHERE l.campaign = c.campaign)
      AS last_answer_at
  FROM annotation.campaigns c LEFT JOIN annotation.tasks t USING (campaign)`;

const toProgress = (row: ProgressRow): CampaignProgress => {
  const { uncertain, audit, by_oracle, opened_at, closed_at, last_answer_at, ...counts } = row;
  return {
    ...counts,
    status: closed_at === null ? 'open' : 'closed',
    labels: { uncertain, audit },
    byOracle: by_oracle,
    openedAt: opened_at.toISOString(),
    lastAnswerAt: last_answer_at?.toISOString() ?? null,
  };
};

async function readCampaign(connection: Queryable, campaign: string): Promise<CampaignRow> {
  const { rows } = await connection.query<CampaignRow>(
    `SELECT dataset, model, classes, channels, target, filled_at IS NOT NULL AS filled
     FROM annotation.campaigns WHERE campaign = $1`,
    [campaign],
  );
  if (rows[0] === undefined) throw new WatchlakeError('CAMPAIGN_NOT_FOUND', { campaign });
  return rows[0];
}

function refuseOtherContent(input: CampaignInput, saved: CampaignRow): void {
  const wanted = { ...input, channels: input.channels ?? [] };
  const fields = ['dataset', 'model', 'classes', 'channels', 'target'] as const;
  const field = fields.find((name) => !isDeepStrictEqual(wanted[name], saved[name]));
  if (field) throw new WatchlakeError('CAMPAIGN_DIFFERS', { campaign: input.campaign, field });
}

const taskValues = (campaign: string, task: NewTask) => [
  campaign,
  task.windowId,
  task.device,
  task.subjectKey,
  task.startMs,
  task.endMs,
  task.kind,
  task.version,
  task.classes,
  task.probabilities,
  marginOf(task.probabilities),
  task.featureSchema,
  bytesOf(task.features),
  task.signal.channels,
  bytesOf(task.signal.timestampsMs),
  channelBytes(task.signal.values),
];

const INSERT_TASK = `
  INSERT INTO annotation.tasks (campaign, window_id, device, subject_key, start_ms, end_ms, kind,
    version, classes, probabilities, margin, feature_schema, features, channels, timestamps_ms,
    sample_values)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
  ON CONFLICT (campaign, window_id) DO NOTHING`;

async function readProgress(database: Database, campaign: string): Promise<CampaignProgress> {
  const { rows } = await database.query<ProgressRow>(
    `${PROGRESS} WHERE c.campaign = $1 GROUP BY c.campaign`,
    [campaign],
  );
  if (rows[0] === undefined) throw new WatchlakeError('CAMPAIGN_NOT_FOUND', { campaign });
  return toProgress(rows[0]);
}

export function createCampaigns(database: Database) {
  return {
    /**
     * Opens it, or finds it open with the same content; `filled` says that its tasks are there. Until they are, the activities
     * that may be answered are those of the last attempt: a refresh in between may have brought new ones.
     */
    async openCampaign(input: CampaignInput): Promise<{ filled: boolean }> {
      const { campaign, dataset, model, classes, channels = [], target } = input;
      await database.query(
        `INSERT INTO annotation.campaigns (campaign, dataset, model, classes, channels, target)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (campaign) DO UPDATE SET classes = excluded.classes
         WHERE campaigns.filled_at IS NULL AND campaigns.dataset = excluded.dataset
           AND campaigns.model = excluded.model`,
        [campaign, dataset, model, classes, JSON.stringify(channels), target],
      );
      const saved = await readCampaign(database, campaign);
      refuseOtherContent(input, saved);
      return { filled: saved.filled };
    },

    /** Adds tasks; a window that the campaign has already is left as it is. */
    createTasks: (input: { campaign: string; tasks: readonly NewTask[] }) =>
      database.transaction(async (connection) => {
        let created = 0;
        for (const task of input.tasks) {
          const { rowCount } = await connection.query(
            INSERT_TASK,
            taskValues(input.campaign, task),
          );
          created += rowCount ?? 0;
        }
        return { created };
      }),

    /** Says that all its tasks are there, so that a retry need not look for them again. */
    async markFilled({ campaign }: { campaign: string }): Promise<void> {
      await database.query(
        `UPDATE annotation.campaigns SET filled_at = coalesce(filled_at, now())
         WHERE campaign = $1`,
        [campaign],
      );
    },

    /** Whether a campaign is there with all its tasks. */
    async isFilled({ campaign }: { campaign: string }): Promise<boolean> {
      const { rows } = await database.query(
        `SELECT 1 FROM annotation.campaigns WHERE campaign = $1 AND filled_at IS NOT NULL`,
        [campaign],
      );
      return rows.length === 1;
    },

    /** By id: windows that other campaigns ask now, or to which people had their say before they were closed. */
    async askedWindows({ dataset, except }: { dataset: string; except: string }) {
      const { rows } = await database.query<AskedRow>(
        `SELECT DISTINCT t.window_id, t.device, t.start_ms::float8, t.end_ms::float8
         FROM annotation.tasks t JOIN annotation.campaigns c
         USING (campaign) WHERE c.dataset = $1 AND c.campaign <> $2
           AND (c.closed_at IS NULL OR t.status IN ('answered', 'skipped'))`,
        [dataset, except],
      );
      return new Map(
        rows.map(({ window_id, device, start_ms: startMs, end_ms: endMs }) => {
          const time: WindowTime = { device, startMs, endMs };
          return [window_id, time];
        }),
      );
    },

    /** Windows that the campaign itself asks. */
    async ownWindows({ campaign }: { campaign: string }): Promise<Set<string>> {
      const { rows } = await database.query<{ window_id: string }>(
        'SELECT window_id FROM annotation.tasks WHERE campaign = $1',
        [campaign],
      );
      return new Set(rows.map((row) => row.window_id));
    },

    /** How many tasks a campaign has, by what they are for. */
    async countTasks({ campaign }: { campaign: string }): Promise<Record<TaskKind, number>> {
      const { rows } = await database.query<{ kind: TaskKind; tasks: number }>(
        `SELECT kind, count(*)::int AS tasks FROM annotation.tasks
         WHERE campaign = $1 GROUP BY kind`,
        [campaign],
      );
      const of = (kind: TaskKind) => rows.find((row) => row.kind === kind)?.tasks ?? 0;
      return { uncertain: of('uncertain'), audit: of('audit') };
    },

    progress: ({ campaign }: { campaign: string }): Promise<CampaignProgress> =>
      readProgress(database, campaign),

    /** The newest first; of too many, closed ones are left out before open ones, at which people still work. */
    async listCampaigns({ limit = 50 }: { limit?: number } = {}): Promise<CampaignProgress[]> {
      const { rows } = await database.query<ProgressRow>(
        `${PROGRESS} GROUP BY c.campaign
         ORDER BY c.closed_at IS NOT NULL, c.opened_at DESC, c.campaign LIMIT $1`,
        [limit],
      );
      rows.sort((a, b) => b.opened_at.getTime() - a.opened_at.getTime());
      return rows.map(toProgress);
    },

    /** How many there are, however few of them a list has. */
    async countCampaigns(): Promise<{ open: number; closed: number }> {
      const counted = await database.query<{ open: number; closed: number }>(
        `SELECT count(*) FILTER (WHERE closed_at IS NULL)::int AS open,
           count(closed_at)::int AS closed FROM annotation.campaigns`,
      );
      return onlyRow(counted);
    },

    /** No task is handed out and no answer taken afterwards; closing twice is the same. */
    async closeCampaign({ campaign }: { campaign: string }): Promise<CampaignProgress> {
      await database.query(
        `UPDATE annotation.campaigns SET closed_at = coalesce(closed_at, now())
         WHERE campaign = $1`,
        [campaign],
      );
      return readProgress(database, campaign);
    },
  };
}
