/** Parts of an ingest that have landed and wait to be published. */
import { isWatchlakeError } from '../../core/errors';
import { contentHash } from '../../core/hash';
import type { UnreadColumn } from '../dataset-format';
import { readJson, writeJson } from '../json';
import type { Lake } from '../lake';
import type { DataFile } from '../manifest';
import type { LandedRecording } from './descriptor';
import { ingestFolder } from './ingest-folder';
import type { IngestPlan } from './ingest-plan';

export interface LandedPart {
  readonly formatVersion: 1;
  readonly files: readonly DataFile[];
  readonly recordings: readonly LandedRecording[];
  /** Of formats that put aside lines that are no rows. */
  readonly quarantineFiles?: readonly DataFile[];
  readonly firstProblems?: readonly string[];
  /** Columns of its files that nothing reads, in formats that tell. */
  readonly unread?: readonly UnreadColumn[];
}

/** Another division into parts has another folder: their results never mix. */
export const partsFolder = (plan: IngestPlan): string =>
  `${ingestFolder(plan)}${contentHash(plan.parts)}/`;

const partKey = (plan: IngestPlan, part: number): string => `${partsFolder(plan)}${part}.json`;

/** OBJECT_NOT_FOUND when the part has not landed. */
export const readPart = ({ store }: Lake, plan: IngestPlan, part: number): Promise<LandedPart> =>
  readJson<LandedPart>(store, partKey(plan, part));

/** The part as it has landed, or null. */
export const findPart = async (lake: Lake, plan: IngestPlan, part: number) =>
  (await lake.store.has(partKey(plan, part))) ? readPart(lake, plan, part) : null;

/** The first who says that the part has landed is right: what counts from then on. */
export async function settlePart(
  lake: Lake,
  plan: IngestPlan,
  part: number,
  landed: LandedPart,
): Promise<LandedPart> {
  try {
    await writeJson(lake.store, partKey(plan, part), landed, { ifAbsent: true });
    return landed;
  } catch (error) {
    if (!isWatchlakeError(error) || error.code !== 'OBJECT_EXISTS') throw error;
    return readPart(lake, plan, part);
  }
}
