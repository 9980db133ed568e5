/** The list of those whose rows never land again: keyed hashes alone. */
import type { Database } from '../core/postgres';
import { consentKey } from './keys';
import type { SubjectOf } from './ledger';

export interface SuppressionEntry extends SubjectOf {
  /** Hashes of everything that names the person in a source. */
  keys: readonly string[];
  run: string;
}

export function createSuppressionList(database: Database, secret: string) {
  return {
    /** Adding what is there changes nothing. */
    async suppress({ dataset, subject, keys, run }: SuppressionEntry): Promise<void> {
      await database.query(
        `INSERT INTO consent.suppressed (dataset, key, subject, run)
         SELECT $1, key, $2, $4 FROM unnest($3::text[]) key ON CONFLICT DO NOTHING`,
        [dataset, subject, keys, run],
      );
    },

    /** When the person was first put on the list; null when they are not on it. */
    async suppressedSince({ dataset, subject }: SubjectOf): Promise<string | null> {
      const { rows } = await database.query<{ since: Date | null }>(
        'SELECT min(erased_at) AS since FROM consent.suppressed WHERE dataset = $1 AND subject = $2',
        [dataset, subject],
      );
      return rows[0]?.since?.toISOString() ?? null;
    },

    /** Datasets that somebody is left out of. */
    async suppressedDatasets(): Promise<readonly string[]> {
      const { rows } = await database.query<{ dataset: string }>(
        'SELECT DISTINCT dataset FROM consent.suppressed ORDER BY 1',
      );
      return rows.map(({ dataset }) => dataset);
    },

    async keys(dataset: string): Promise<ReadonlySet<string>> {
      const { rows } = await database.query<{ key: string }>(
        'SELECT key FROM consent.suppressed WHERE dataset = $1',
        [dataset],
      );
      return new Set(rows.map(({ key }) => key));
    },

    keyOf: (dataset: string, identifier: string): string => consentKey(secret, dataset, identifier),
  };
}
