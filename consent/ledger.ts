/** The ledger of consents: each grant and each withdrawal is one entry, and none is ever changed. */
import { onlyRow, type Database } from '../core/postgres';

const PURPOSE = 'research';

export interface ConsentEntry {
  dataset: string;
  /** Keyed hash of the person. */
  subject: string;
  purpose: string;
  grantedAt: string | null;
  withdrawnAt: string | null;
  knownAt: string;
}

export interface SubjectOf {
  dataset: string;
  subject: string;
}

export type NewEntry = SubjectOf & { purpose?: string; at?: string };

interface EntryRow {
  dataset: string;
  subject: string;
  purpose: string;
  granted_at: Date | null;
  withdrawn_at: Date | null;
  known_at: Date;
}

const toEntry = (row: EntryRow): ConsentEntry => ({
  dataset: row.dataset,
  subject: row.subject,
  purpose: row.purpose,
  grantedAt: row.granted_at?.toISOString() ?? null,
  withdrawnAt: row.withdrawn_at?.toISOString() ?? null,
  knownAt: row.known_at.toISOString(),
});

// What the last entry says already is not said again: repeating a command adds nothing.
const insertion = (column: 'granted_at' | 'withdrawn_at') => `
  INSERT INTO consent.ledger (dataset, subject, purpose, ${column})
  SELECT $1, $2, $3, coalesce($4::timestamptz, now())
  WHERE NOT EXISTS (
    SELECT 1 FROM (
      SELECT ${column} AS said FROM consent.ledger
      WHERE dataset = $1 AND subject = $2 AND purpose = $3 ORDER BY entry DESC LIMIT 1
    ) newest WHERE newest.said IS NOT NULL
  )`;

// A first consent lets nobody back in.
const NEWEST_RENEWAL = `SELECT coalesce(max(entry), 0)::text AS entry FROM consent.ledger renewal
  WHERE granted_at IS NOT NULL AND EXISTS (
    SELECT 1 FROM consent.ledger former
    WHERE former.dataset = renewal.dataset AND former.subject = renewal.subject
      AND former.entry < renewal.entry AND former.withdrawn_at IS NOT NULL)`;

export function createLedger(database: Database) {
  const add = async (
    column: 'granted_at' | 'withdrawn_at',
    { dataset, subject, purpose = PURPOSE, at }: NewEntry,
  ): Promise<{ added: boolean }> => {
    const values = [dataset, subject, purpose, at ?? null];
    const { rowCount } = await database.query(insertion(column), values);
    return { added: rowCount === 1 };
  };

  return {
    recordWithdrawal: (entry: NewEntry) => add('withdrawn_at', entry),

    /** Rows of the person may land again from now on. */
    async recordGrant(entry: NewEntry): Promise<{ added: boolean }> {
      const added = await add('granted_at', entry);
      await database.query('DELETE FROM consent.suppressed WHERE dataset = $1 AND subject = $2', [
        entry.dataset,
        entry.subject,
      ]);
      return added;
    },

    /** The number of the newest grant of somebody who had withdrawn; 0 when there is none. */
    async newestRenewal(): Promise<number> {
      return Number(onlyRow(await database.query<{ entry: string }>(NEWEST_RENEWAL)).entry);
    },

    /** The newest first. */
    async entries(of: Partial<SubjectOf> & { limit?: number } = {}): Promise<ConsentEntry[]> {
      const { dataset = null, subject = null, limit = 1_000 } = of;
      const { rows } = await database.query<EntryRow>(
        `SELECT dataset, subject, purpose, granted_at, withdrawn_at, known_at FROM consent.ledger
         WHERE ($1::text IS NULL OR dataset = $1) AND ($2::text IS NULL OR subject = $2)
         ORDER BY entry DESC LIMIT $3`,
        [dataset, subject, limit],
      );
      return rows.map(toEntry);
    },
  };
}
