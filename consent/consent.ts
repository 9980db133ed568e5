/** Consent: the ledger, the suppression list and the open cases, over one database. */
import type { Pool } from 'pg';
import { createDatabase } from '../core/postgres';
import { createCases } from './cases';
import { consentKey } from './keys';
import { createLedger } from './ledger';
import { createOwnWords } from './own-words';
import { createSearch } from './search';
import { createSuppressionList } from './suppression';

export function createConsent(pool: Pool, secret: string) {
  const database = createDatabase(pool);
  return {
    /** The keyed hash of a person, from the identifier as their dataset's format writes it. */
    subjectOf: (dataset: string, identifier: string): string =>
      consentKey(secret, dataset, identifier),
    ...createLedger(database),
    ...createSuppressionList(database, secret),
    ...createCases(database, secret),
    ...createSearch(database),
    ...createOwnWords(database),
  };
}

export type Consent = ReturnType<typeof createConsent>;
