/** Divides the members of an archive of any size into parts. */
import { groupBySize } from '../landing/group-by-size';
import type { RecordingEntry } from '../landing/recordings-layout';

const SLICE_BYTES = 64 * 1024 * 1024;
// Engines open every file: a large archive has larger slices, not more of them.
const MAXIMUM_SLICES = 1000;
/** What is landed again at most where an ingest was killed. */
export const LARGEST_SLICE_BYTES = 512 * 1024 * 1024;
// One statement reads them all.
const MEMBERS_OF_PART = 50;

/** Follows from the archive alone: whoever goes on with an ingest cuts as the one before. */
export function sliceBytesOf(members: readonly { readonly bytes: number }[]): number {
  const total = members.reduce((sum, { bytes }) => sum + bytes, 0);
  return Math.min(LARGEST_SLICE_BYTES, Math.max(SLICE_BYTES, Math.ceil(total / MAXIMUM_SLICES)));
}

/** A member that is larger than a slice is a part by itself; small ones land together. */
export function bulkPartsOf(entries: readonly RecordingEntry[]): RecordingEntry[][] {
  const sliceBytes = sliceBytesOf(entries.map(({ member }) => member));
  const isLarge = ({ member }: RecordingEntry): boolean => member.bytes > sliceBytes;
  const small = entries.filter((entry) => !isLarge(entry));
  const weight = ({ member }: RecordingEntry): number =>
    Math.max(member.bytes, sliceBytes / MEMBERS_OF_PART);
  return [
    ...entries.filter(isLarge).map((entry) => [entry]),
    ...groupBySize(small, weight, sliceBytes),
  ];
}
