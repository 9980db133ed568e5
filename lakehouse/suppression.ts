/** Whose rows are never landed again: people who withdrew their consent and were erased. */

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

/** What is asked of `keyOf` for a device, whose hash is listed besides its person's. */
export const deviceIdentifier = (device: string): string => `device:${device}`;

/** The same for the pseudonym in the tables: a stream names people by nothing else. */
export const pseudonymIdentifier = (subjectKey: string): string => `subject-key:${subjectKey}`;

/** How rows are counted that were left out because of it. */
export const WITHDRAWN = 'consent-withdrawn';

/** Whether a device was an erased person's alone; each device is hashed once. */
export async function withdrawnDevices(
  suppression: Suppression,
  dataset: string,
): Promise<(device: string) => boolean> {
  const keys = await suppression.keys(dataset);
  if (keys.size === 0) return () => false;
  const known = new Map<string, boolean>();
  return (device) => {
    let isGone = known.get(device);
    if (isGone === undefined) {
      isGone = keys.has(suppression.keyOf(dataset, deviceIdentifier(device)));
      known.set(device, isGone);
    }
    return isGone;
  };
}
