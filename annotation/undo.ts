/** Takes an answer back: its label goes, and the task is in the hands of whoever gave it. */
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
  };
}
