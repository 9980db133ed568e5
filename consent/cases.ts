/** What a running erasure knows of the person, sealed: histories name the case by its hash alone. */
import { WatchlakeError } from '../core/errors';
import type { Database } from '../core/postgres';
import type { SubjectOf } from './ledger';
import { seal, unseal } from './sealing';

const placeOf = ({ dataset, subject }: SubjectOf): string => `${dataset}/${subject}`;

export function createCases(database: Database, secret: string) {
  const find = async (of: SubjectOf): Promise<Buffer | null> => {
    const { rows } = await database.query<{ sealed: Buffer }>(
      'SELECT sealed FROM consent.cases WHERE dataset = $1 AND subject = $2',
      [of.dataset, of.subject],
    );
    return rows[0]?.sealed ?? null;
  };

  return {
    /** A case that is open already stays as it is. */
    async openCase<T>(of: SubjectOf, known: T): Promise<void> {
      await database.query(
        `INSERT INTO consent.cases (dataset, subject, sealed) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING`,
        [of.dataset, of.subject, seal(secret, placeOf(of), known)],
      );
    },

    async isOpen(of: SubjectOf): Promise<boolean> {
      return (await find(of)) !== null;
    },

    /** How many people of the dataset are being erased. */
    async openCases({ dataset }: { dataset: string }): Promise<number> {
      const { rows } = await database.query<{ cases: number }>(
        'SELECT count(*)::int AS cases FROM consent.cases WHERE dataset = $1',
        [dataset],
      );
      return rows[0]?.cases ?? 0;
    },

    /** CONSENT_CASE_NOT_FOUND when there is none. */
    async readCase<T>(of: SubjectOf): Promise<T> {
      const sealed = await find(of);
      if (sealed === null) throw new WatchlakeError('CONSENT_CASE_NOT_FOUND', { ...of });
      return unseal<T>(secret, placeOf(of), sealed);
    },

    async updateCase<T>(of: SubjectOf, known: T): Promise<void> {
      await database.query(
        'UPDATE consent.cases SET sealed = $3 WHERE dataset = $1 AND subject = $2',
        [of.dataset, of.subject, seal(secret, placeOf(of), known)],
      );
    },

    /** Closing twice is the same. */
    async closeCase(of: SubjectOf): Promise<void> {
      await database.query('DELETE FROM consent.cases WHERE dataset = $1 AND subject = $2', [
        of.dataset,
        of.subject,
      ]);
    },
  };
}
