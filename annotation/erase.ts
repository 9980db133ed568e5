/** Removes what was asked and answered about one person. */
import type { Database } from '../core/postgres';

// Before the labels, and in one order, as answers and their undoing lock them: neither can wait for the other.
const LOCK_TASKS = `
  SELECT t.task FROM annotation.tasks t JOIN annotation.campaigns c USING (campaign)
  WHERE c.dataset = $1 AND t.subject_key = $2 ORDER BY t.task FOR UPDATE OF t`;

export function createAnnotationErasing(database: Database) {
  return {
    /** Tasks carry the person's signal, labels what others saw in it: both go. */
    eraseAnswers: ({ dataset, subjectKey }: { dataset: string; subjectKey: string }) =>
      database.transaction(async (connection) => {
        await connection.query(LOCK_TASKS, [dataset, subjectKey]);
        const labels = await connection.query(
          'DELETE FROM annotation.labels WHERE dataset = $1 AND subject_key = $2',
          [dataset, subjectKey],
        );
        const tasks = await connection.query(
          `DELETE FROM annotation.tasks WHERE subject_key = $2 AND campaign IN
             (SELECT campaign FROM annotation.campaigns WHERE dataset = $1)`,
          [dataset, subjectKey],
        );
        return { labels: labels.rowCount ?? 0, tasks: tasks.rowCount ?? 0 };
      }),
  };
}
