/** The annotation store: campaigns, tasks, answers and labels, over one database. */
import type { Pool } from 'pg';
import { createDatabase } from '../core/postgres';
import { createAnswers } from './answers';
import { createCampaigns } from './campaigns';
import { createAnnotationErasing } from './erase';
import { createLabels } from './labels';
import { createLeasing } from './leasing';
import { createAnnotationRemoval } from './removal';
import { createUndoing } from './undo';

export function createAnnotationStore(pool: Pool) {
  const database = createDatabase(pool);
  return {
    ...createCampaigns(database),
    ...createLeasing(database),
    ...createAnswers(database),
    ...createUndoing(database),
    ...createLabels(database),
    ...createAnnotationErasing(database),
    ...createAnnotationRemoval(database),
    /** Fails when the database does not answer. */
    async ping(): Promise<void> {
      await database.query('SELECT 1');
    },
  };
}

export type AnnotationStore = ReturnType<typeof createAnnotationStore>;
