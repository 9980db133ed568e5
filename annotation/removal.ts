/** Removes what was asked and answered about a whole dataset. */
import { BULK_STATEMENT_TIMEOUT_MS, onlyRow, type Database } from '../core/postgres';

export interface AskedOfDataset {
  campaigns: number;
  tasks: number;
  labels: number;
}

const ASKED = `SELECT
    (SELECT count(*)::int FROM annotation.campaigns WHERE dataset = $1) AS campaigns,
    (SELECT count(*)::int FROM annotation.tasks JOIN annotation.campaigns USING (campaign)
      WHERE dataset = $1) AS tasks,
    (SELECT count(*)::int FROM annotation.labels WHERE dataset = $1) AS labels`;

const OF_ITS_CAMPAIGNS = `campaign IN (SELECT campaign FROM annotation.campaigns WHERE dataset = $1)`;

// In the order of their references.
const REMOVE = [
  `DELETE FROM annotation.labels WHERE dataset = $1`,
  `DELETE FROM annotation.tasks WHERE ${OF_ITS_CAMPAIGNS}`,
  `DELETE FROM annotation.campaigns WHERE dataset = $1`,
];

export function createAnnotationRemoval(database: Database) {
  return {
    async askedOf({ dataset }: { dataset: string }): Promise<AskedOfDataset> {
      return onlyRow(await database.query<AskedOfDataset>(ASKED, [dataset]));
    },

    /** Campaigns with their tasks, which carry signals, and all labels; repeated it is the same. */
    removeAsked: ({ dataset }: { dataset: string }): Promise<void> =>
      database.transaction(async (connection) => {
        await connection.query(`SET LOCAL statement_timeout = ${BULK_STATEMENT_TIMEOUT_MS}`);
        for (const text of REMOVE) await connection.query(text, [dataset]);
      }),
  };
}
