/** Takes an answer back: its label goes, and the task is in the hands of whoever gave it. Tells which one may be. */
import { randomUUID } from 'node:crypto';
import { WatchlakeError } from '../core/errors';
import type { Database } from '../core/postgres';
import { judgeUndo, type UndoState } from './judgement';
import { isTaskId } from './tasks';

export interface UndoRequest {
  task: string;
  annotator: string;
  /** Under which the task was answered. */
  lease: string;
}

export interface LastAnswer {
  task: string;
  campaign: string;
  lease: string;
  /** Null when the task was skipped. */
  label: string | null;
  /** How long it may still be taken back, by the server's clock. */
  undoMs: number;
}

interface LastRow extends Omit<LastAnswer, 'undoMs'> {
  undo_ms: number;
}

interface StateRow extends UndoState {
  campaign: string;
}

// Locked as an answer locks them.
const READ_STATE = `
  SELECT t.campaign, t.status, t.lease, t.annotator, t.lease_expires_at <= now() AS expired,
    c.closed_at IS NOT NULL AS closed
  FROM annotation.tasks t JOIN annotation.campaigns c USING (campaign)
  WHERE t.task = $1 FOR UPDATE OF t FOR SHARE OF c`;

// Under another lease: the answer that was taken back may be sent once more, by a slow connection.
const REOPEN = "UPDATE annotation.tasks SET status = 'leased', lease = $2 WHERE task = $1";

// What judgeUndo would accept. A page takes its tasks one by one: the one that it got last is the one that it answered last.
const FIND_LAST = `
  SELECT t.task::text, t.campaign, t.lease, l.label,
    ceil(extract(epoch FROM t.lease_expires_at - now()) * 1000)::float8 AS undo_ms
  FROM annotation.tasks t JOIN annotation.campaigns c USING (campaign)
  LEFT JOIN annotation.labels l USING (task)
  WHERE c.closed_at IS NULL AND ($1::text IS NULL OR t.campaign = $1)
    AND t.annotator = $2 AND t.status IN ('answered', 'skipped') AND t.lease_expires_at > now()
  ORDER BY t.lease_expires_at DESC, t.task DESC LIMIT 1`;

export function createUndoing(database: Database) {
  return {
    /**
     * Throws TASK_NOT_FOUND, CAMPAIGN_CLOSED, or TASK_LEASE_LOST when the task is no longer the annotator's.
     * What has read the label before, such as a training, keeps it; the next answer is a new one.
     */
    undoAnswer: ({ task, annotator, lease }: UndoRequest): Promise<{ undone: boolean }> =>
      database.transaction(async (connection) => {
        const { rows } = isTaskId(task)
          ? await connection.query<StateRow>(READ_STATE, [task])
          : { rows: [] as StateRow[] };
        const [state] = rows;
        const judgement = judgeUndo(state, annotator, lease);
        if (judgement === 'repeat') return { undone: false };
        if (judgement !== 'accept')
          throw new WatchlakeError(judgement, { task, campaign: state?.campaign });
        await connection.query('DELETE FROM annotation.labels WHERE task = $1', [task]);
        await connection.query(REOPEN, [task, randomUUID()]);
        return { undone: true };
      }),

    /** The annotator's last answer that may still be taken back, in any campaign when none is named. */
    async lastAnswer(request: {
      campaign?: string;
      annotator: string;
    }): Promise<LastAnswer | null> {
      const { campaign = null, annotator } = request;
      const { rows } = await database.query<LastRow>(FIND_LAST, [campaign, annotator]);
      if (rows[0] === undefined) return null;
      const { undo_ms: undoMs, ...last } = rows[0];
      return { ...last, undoMs };
    },
  };
}
