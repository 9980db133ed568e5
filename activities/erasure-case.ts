/** The case of an erasure: who it is about is known here and in the sealed case, never in a history. */
import type { RemovedRows } from '../lakehouse/erasure/erasing-format';
import type { Consent } from '../consent/consent';
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import { createHint, hideNeedles, type Needles } from '../core/needles';
import { subjectKeyOf } from '../lakehouse/landing/ingest-plan';
import type { Person } from '../lakehouse/erasure/person';
import { stranger } from '../lakehouse/erasure/person';

export interface CaseName {
  dataset: string;
  /** Keyed hash of the person. */
  subject: string;
}

/** What lies sealed in PostgreSQL while the erasure runs. */
export interface ErasureCase {
  /** As the dataset's format writes it. */
  readonly identifier: string;
  /** What was found of the person so far. */
  readonly person?: Person;
  /** Rows that went, by table and by the snapshot without them; absent before any did. */
  readonly removed?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What is known of the person before anything was found. */
export const strangerOf = (secret: string, dataset: string, identifier: string): Person =>
  stranger({ identifier, subjectKey: subjectKeyOf(secret, dataset, identifier) });

const HIDDEN = '…';

/** An error that quotes the person, as one of an engine or a store may, does not do so any more. */
function withoutPerson(error: unknown, person: Needles): unknown {
  if (!(error instanceof Error)) return error;
  const isKnown = isWatchlakeError(error);
  const said = `${error.message} ${JSON.stringify(isKnown ? error.context : null)} ${error.stack}`;
  const cause = error.cause instanceof Error ? `${error.cause.message} ${error.cause.stack}` : '';
  if (!createHint(person)(said + cause)) return error;
  if (!isKnown) return new Error(hideNeedles(person, error.message, HIDDEN));
  const hidden = (value: string) => hideNeedles(person, JSON.stringify(value), HIDDEN);
  const context = JSON.parse(JSON.stringify(error.context), (_name, value: unknown) =>
    typeof value === 'string' ? (JSON.parse(hidden(value)) as string) : value,
  ) as Record<string, unknown>;
  return new WatchlakeError(error.code, context);
}

export interface CaseDeps {
  readonly consent: Consent;
  readonly secret: string;
}

/** Works on the person of the case; CONSENT_CASE_NOT_FOUND when it is closed. */
export const onCase =
  ({ consent, secret }: CaseDeps) =>
  async <T>(
    name: CaseName,
    /** `opened`: the case as it was read. */
    work: (person: Person, opened: ErasureCase) => Promise<T>,
  ): Promise<T> => {
    const { dataset, subject } = name;
    const known = await consent.readCase<ErasureCase>({ dataset, subject });
    const person = known.person ?? strangerOf(secret, dataset, known.identifier);
    try {
      return await work(person, known);
    } catch (error) {
      // Names that are too short to be told from other text are left to the engine's own care.
      throw withoutPerson(error, person);
    }
  };

/** Writes down what a snapshot leaves out; the same snapshot again counts once. */
export const rememberRemoved =
  ({ consent }: Pick<CaseDeps, 'consent'>, { dataset, subject }: CaseName) =>
  async ({ table, snapshotId, rows }: RemovedRows): Promise<void> => {
    const known = await consent.readCase<ErasureCase>({ dataset, subject });
    const ofTable = { ...known.removed?.[table], [snapshotId]: rows };
    const removed = { ...known.removed, [table]: ofTable };
    await consent.updateCase({ dataset, subject }, { ...known, removed });
  };

/** Of these tables all that has gone in this case, whichever attempt did it. */
export async function removedRows(
  { consent }: Pick<CaseDeps, 'consent'>,
  { dataset, subject }: CaseName,
  tables: readonly string[],
): Promise<Record<string, number>> {
  const { removed = {} } = await consent.readCase<ErasureCase>({ dataset, subject });
  const sum = (rows: Readonly<Record<string, number>> = {}) =>
    Object.values(rows).reduce((total, each) => total + each, 0);
  return Object.fromEntries(tables.map((table) => [table, sum(removed[table])]));
}
