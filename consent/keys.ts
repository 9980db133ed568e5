/** Keyed hashes by which people are known here: never the identifiers themselves. */
import { pseudonym } from '../core/hash';

/** Another scope than the pseudonyms in the tables have: neither tells the other. */
const scopeOf = (dataset: string): string => `consent/${dataset}`;

/** 16 hexadecimal characters that stand for an identifier in ledger, histories and proofs. */
export const consentKey = (secret: string, dataset: string, identifier: string): string =>
  pseudonym(secret, scopeOf(dataset), identifier);
