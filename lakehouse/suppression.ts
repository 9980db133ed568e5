/** Whose rows are never landed again: people who withdrew their consent and were erased. */
import { contentHash } from '../core/hash';

export interface Suppression {
  /** Keyed hashes of all of them. */
  keys(dataset: string): Promise<ReadonlySet<string>>;
  /** The keyed hash of a person, by the identifier that the source gives them. */
  keyOf(dataset: string, identifier: string): string;
}

export const NOBODY: Suppression = {
  keys: async () => new Set(),
  keyOf: () => '',
};

/** Who is on the list, for the inputs of what leaves them out. */
export const listHash = (keys: ReadonlySet<string>): string => contentHash([...keys].sort());

export interface ListNow extends Suppression {
  /** Absent while nobody is on it. */
  readonly hash?: string;
}

/** The list as it is now: all who ask this one leave out the same people. */
export async function listNow(suppression: Suppression, dataset: string): Promise<ListNow> {
  const gone = await suppression.keys(dataset);
  return {
    keys: async () => gone,
    keyOf: (of, identifier) => suppression.keyOf(of, identifier),
    ...(gone.size === 0 ? {} : { hash: listHash(gone) }),
  };
}

/** What is asked of `keyOf` for a device, whose hash is listed besides its person's. */
export const deviceIdentifier = (device: string): string => `device:${device}`;

/** The same for the pseudonym in the tables: a stream names people by nothing else. */
export const pseudonymIdentifier = (subjectKey: string): string => `subject-key:${subjectKey}`;

/** How rows are counted that were left out because of it. */
export const WITHDRAWN = 'consent-withdrawn';

// Whoever sends may send ever new texts.
const MOST_REMEMBERED = 100_000;

type IsListed = (name: string) => boolean;

/** Null when nobody is. */
async function listed(
  suppression: Suppression,
  dataset: string,
  identifiersOf: (name: string) => readonly string[],
): Promise<IsListed | null> {
  const gone = await suppression.keys(dataset);
  if (gone.size === 0) return null;
  const known = new Map<string, boolean>();
  return (name) => {
    let isGone = known.get(name);
    if (isGone === undefined) {
      isGone = identifiersOf(name).some((each) => gone.has(suppression.keyOf(dataset, each)));
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.set(name, isGone);
    }
    return isGone;
  };
}

/** Whether a device was an erased person's alone. */
export const withdrawnDevices = async (suppression: Suppression, dataset: string) =>
  (await listed(suppression, dataset, (device) => [deviceIdentifier(device)])) ?? (() => false);

/** Whether a pseudonym of the tables is an erased person's. */
export const withdrawnSubjects = async (suppression: Suppression, dataset: string) =>
  (await listed(suppression, dataset, (subjectKey) => [pseudonymIdentifier(subjectKey)])) ??
  (() => false);

/** Whether a text is what an erased person, or a device that was theirs alone, was called; null when nobody was erased. */
export const withdrawnNames = (suppression: Suppression, dataset: string) =>
  listed(suppression, dataset, (name) => [deviceIdentifier(name), name]);
