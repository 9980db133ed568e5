/** Lands one part of an archive: small members together, a large one slice by slice. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { addCounts } from '../counts';
import { createGate } from '../in-parallel';
import { readJson, writeJson } from '../json';
import type { Lake } from '../lake';
import type { LandedRecording } from '../landing/descriptor';
import { fingerprintOf, subjectKeyOf } from '../landing/ingest-plan';
import type { PartRequest } from '../landing/land-part';
import type { LandedPart } from '../landing/parts';
import { findPart, partsFolder, settlePart } from '../landing/parts';
import type { RecordingEntry } from '../landing/recordings-layout';
import type { Source } from '../sources/source';
import type { BulkKind } from './bulk-kind';
import type { LandedRows, LandedSlice, SliceOfPart } from './land-slice';
import { landSlices } from './land-slice';
import { LARGEST_SLICE_BYTES, sliceBytesOf } from './parts';
import type { Slice } from './slice-member';
import { sliceMember } from './slice-member';

// Each conversion needs its own memory: as many at a time as the machine has use for.
const CONVERSIONS_AT_ONCE = 2;
const converting = createGate(CONVERSIONS_AT_ONCE);

export interface BulkOptions {
  /** Follows from the archive unless told otherwise. */
  readonly sliceBytes?: number;
  /** Local files of up to this size are read where they lie. */
  readonly wholeBytes?: number;
}

interface Work extends Required<BulkOptions> {
  readonly lake: Lake;
  readonly kind: BulkKind;
  readonly request: PartRequest;
  /** A local folder for slices; gone when the part has landed. */
  readonly scratch: string;
}

/** What has landed under a number, and of which bytes: the same bytes are not converted again. */
interface SliceRecord extends LandedSlice {
  readonly formatVersion: 1;
  readonly of: readonly { readonly bytes: number; readonly crc32: number }[];
}

/** Copies are of bytes that were checked; a file that was read where it lies may have been written to meanwhile. */
async function checkUnchanged(source: Source, slices: readonly SliceOfPart[]): Promise<void> {
  for (const { slice, entry } of slices) {
    if (!slice.isCopy) await source.checkUnchanged?.(entry.member.name);
  }
}

async function convertOnce(
  { lake, kind, request }: Work,
  number: number,
  slices: readonly SliceOfPart[],
): Promise<LandedSlice> {
  const { plan, part, signal } = request;
  const base = `${partsFolder(plan)}${part}-${number}`;
  const key = `${base}.json`;
  const of = slices.map(({ slice: { bytes, crc32 } }) => ({ bytes, crc32 }));
  if (await lake.store.has(key)) {
    const present = await readJson<SliceRecord>(lake.store, key);
    if (JSON.stringify(present.of) === JSON.stringify(of)) return present;
  }
  const landed = await converting(() => {
    signal?.throwIfAborted();
    return landSlices(lake, kind, slices, { prefix: `${base}/`, signal });
  }).finally(() => checkUnchanged(request.source, slices));
  await writeJson(lake.store, key, { formatVersion: 1, of, ...landed });
  return landed;
}

/** Tells of the rows, and removes copies. */
async function convert(work: Work, number: number, slices: readonly SliceOfPart[]) {
  try {
    const landed = await convertOnce(work, number, slices);
    work.request.onRows?.(landed.members.reduce((sum, { rows }) => sum + rows, 0));
    return landed;
  } finally {
    for (const { slice } of slices) if (slice.isCopy) await rm(slice.path, { force: true });
  }
}

async function openMember(work: Work, entry: RecordingEntry, sliceBytes: number) {
  const { kind, request, scratch, wholeBytes } = work;
  const { source, plan, secret, signal } = request;
  const folder = join(scratch, String(request.entries.indexOf(entry)));
  await mkdir(folder, { recursive: true });
  const {
    file,
    member: { name, bytes, crc32 },
  } = entry;
  const path = bytes <= wholeBytes ? source.pathOf?.(name) : null;
  const whole = path ? { path, crc32 } : undefined;
  const stream = await source.open(name);
  const cutting = { file, headerLines: kind.headerLines, sliceBytes, folder, whole, signal };
  try {
    const member = await sliceMember(stream, cutting);
    const header = kind.readHeader(file, member.header, plan.channels);
    const subjectKey = subjectKeyOf(secret, plan.dataset, entry.subject);
    const toLand = (slice: Slice, known?: Pick<LandedSlice, 'last' | 'held'>): SliceOfPart => {
      const before = known?.last ?? null;
      const held = known?.held === undefined ? before : known.held;
      return { entry, file, header, subjectKey, slice, before, held };
    };
    return { member, toLand };
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/** While a slice is converted, the next one is inflated. */
async function landLarge(work: Work, entry: RecordingEntry) {
  const { member, toLand } = await openMember(work, entry, work.sliceBytes);
  const landed: LandedSlice[] = [];
  let pending: Promise<unknown> = Promise.resolve();
  try {
    let number = 0;
    for await (const slice of member.slices()) {
      await pending;
      const known = landed.at(-1);
      const at = number++;
      pending = convert(work, at, [toLand(slice, known)]).then((each) => landed.push(each));
      // It is waited for above or below; until then nobody may take it for forgotten.
      pending.catch(() => undefined);
    }
  } finally {
    await pending;
  }
  return landed;
}

/** One slice for each member, all of them in one file. */
async function landSmall(work: Work): Promise<LandedSlice[]> {
  const slices: SliceOfPart[] = [];
  for (const entry of work.request.entries) {
    const { member, toLand } = await openMember(work, entry, Infinity);
    for await (const slice of member.slices()) slices.push(toLand(slice));
  }
  return slices.length === 0 ? [] : [await convert(work, 0, slices)];
}

function recordingOf(
  { request: { plan, secret } }: Work,
  entry: RecordingEntry,
  parts: readonly LandedRows[],
): LandedRecording {
  const subjectKey = subjectKeyOf(secret, plan.dataset, entry.subject);
  const periodMs = parts.find((each) => each.periodMs !== null)?.periodMs ?? null;
  return {
    recording: entry.recording,
    device: entry.device,
    subjectKey,
    fingerprint: fingerprintOf(entry, subjectKey),
    bytes: entry.member.bytes,
    crc32: entry.member.crc32,
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    quarantined: addCounts(parts.map(({ quarantined }) => quarantined)),
    periodMs: periodMs === null ? null : Math.round(periodMs),
    labels: [...new Set(parts.flatMap(({ labels }) => labels))].sort(),
  };
}

async function landNow(work: Work): Promise<LandedPart> {
  const { entries } = work.request;
  const [only, ...others] = entries;
  const isLarge = only !== undefined && others.length === 0;
  const landed = isLarge ? await landLarge(work, only) : await landSmall(work);
  const rows = landed.flatMap(({ members }) => members);
  return {
    formatVersion: 1,
    files: landed.flatMap(({ files }) => files),
    quarantineFiles: landed.flatMap(({ quarantineFiles }) => quarantineFiles),
    firstProblems: landed.flatMap(({ firstProblems }) => firstProblems),
    recordings: entries.map((entry) =>
      recordingOf(
        work,
        entry,
        rows.filter(({ recording }) => recording === entry.recording),
      ),
    ),
  };
}

/**
 * A part that has landed is not read again; of one that has landed in part, slices whose bytes are
 * the same are not converted again: this is where a killed ingest resumes.
 */
export async function landBulkPart(
  lake: Lake,
  kind: BulkKind,
  request: PartRequest,
  options: BulkOptions = {},
): Promise<LandedPart> {
  const { plan, part } = request;
  const present = await findPart(lake, plan, part);
  if (present !== null) return present;
  const { sliceBytes = sliceBytesOf(plan.known.members), wholeBytes = LARGEST_SLICE_BYTES } =
    options;
  const scratch = await lake.store.scratch();
  try {
    const landed = await landNow({ lake, kind, request, scratch, sliceBytes, wholeBytes });
    return await settlePart(lake, plan, part, landed);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
