/** Plans an ingest of the format `stedi`: which files are new or changed, and their batches. */
import { contentHash } from '../../core/hash';
import { WatchlakeError } from '../../core/errors';
import type { IngestPlanBase, OpenRequest, OpenedIngest } from '../dataset-format';
import { writeJson } from '../json';
import type { Lake } from '../lake';
import { keyFingerprint } from '../landing/descriptor';
import { groupBySize } from '../landing/group-by-size';
import { ingestFolder } from '../landing/ingest-folder';
import { findManifestOrNull } from '../snapshots';
import { listHash } from '../suppression';
import type { SourceName } from './fields';
import { SOURCE_NAMES } from './fields';
import type { LandedFile, LandingFacts } from './landing-facts';
import { fingerprintOf, isUpToDate, landingFacts } from './landing-facts';
import type { SourceFile } from './layout';
import { readSourceFiles } from './layout';
import { STEDI_LANDING, isReserved } from './locations';

const BATCH_BYTES = 8 * 1024 * 1024;
const MAXIMUM_BATCHES = 50;

export interface PlannedFile extends SourceFile {
  /** Of a file that has landed without somebody who may land again: how often it has landed anew then. */
  readonly again?: number;
}

export interface StediIngestPlan extends IngestPlanBase {
  readonly formatVersion: 1;
  readonly format: 'stedi';
  readonly keyFingerprint: string;
  /** Files to land; those that lie in the lake as they are do not appear. */
  readonly files: readonly PlannedFile[];
  /** Hash of the suppression list when the ingest began; absent when nobody was on it. */
  readonly suppressed?: string;
  /** Numbers of files by batch. */
  readonly batches: readonly (readonly number[])[];
}

/** Parts that were landed beside another suppression list are not taken up. */
export const planHash = ({ files, suppressed }: Pick<StediIngestPlan, 'files' | 'suppressed'>) =>
  contentHash(suppressed === undefined ? files : [files, suppressed]);

/** Null before the first ingest. */
async function landedFacts(
  lake: Lake,
  dataset: string,
  source: SourceName,
): Promise<LandingFacts | null> {
  const manifest = await findManifestOrNull(lake, { dataset, table: STEDI_LANDING[source] });
  return manifest === null ? null : landingFacts(manifest);
}

/** Those that have not landed as they are now, or not with everybody who may. */
function filesToLand(
  files: readonly SourceFile[],
  present: readonly LandedFile[],
  listed: ReadonlySet<string>,
): PlannedFile[] {
  const known = new Map(present.map((each) => [each.fingerprint, each]));
  return files.flatMap((file): PlannedFile[] => {
    const landed = known.get(fingerprintOf(file.member));
    if (landed === undefined) return [file];
    if (isUpToDate(landed, present, listed)) return [];
    return [{ ...file, again: (landed.again ?? 0) + 1 }];
  });
}

async function newFiles(
  lake: Lake,
  { dataset, secret }: OpenRequest,
  files: readonly SourceFile[],
  listed: ReadonlySet<string>,
): Promise<{ files: PlannedFile[]; complete: boolean }> {
  const fresh: PlannedFile[] = [];
  let complete = true;
  for (const source of SOURCE_NAMES) {
    const landed = await landedFacts(lake, dataset, source);
    if (landed === null) complete = false;
    else if (landed.keyFingerprint !== keyFingerprint(secret)) {
      throw new WatchlakeError('SUBJECT_KEY_CHANGED', { dataset });
    }
    const own = files.filter((file) => file.source === source);
    fresh.push(...filesToLand(own, landed?.files ?? [], listed));
  }
  return { files: fresh, complete };
}

function batchesOf(files: readonly SourceFile[]): number[][] {
  const bytesOf = (at: number): number => files[at]?.member.bytes ?? 0;
  const total = files.reduce((sum, { member }) => sum + member.bytes, 0);
  const size = Math.max(BATCH_BYTES, total / (MAXIMUM_BATCHES - 1));
  // The largest first: the last batch to end is then a small one.
  const order = [...files.keys()].sort((a, b) => bytesOf(b) - bytesOf(a) || a - b);
  return groupBySize(order, bytesOf, size);
}

export async function openIngest(lake: Lake, request: OpenRequest): Promise<OpenedIngest> {
  const { dataset, source, secret, suppression } = request;
  if (isReserved(dataset)) {
    const detail = `${dataset} is a folder of the lake itself: choose another name`;
    throw new WatchlakeError('INPUT_INVALID', { field: 'dataset', detail });
  }
  const listed = await suppression.keys(dataset);
  const { files, complete } = await newFiles(lake, request, readSourceFiles(source), listed);
  const plan: StediIngestPlan = {
    formatVersion: 1,
    format: 'stedi',
    ingestId: source.contentHash,
    dataset,
    source: source.address,
    known: { stamp: source.stamp, contentHash: source.contentHash, members: source.members },
    keyFingerprint: keyFingerprint(secret),
    files,
    ...(listed.size > 0 ? { suppressed: listHash(listed) } : {}),
    batches: batchesOf(files),
  };
  const planKey = `${ingestFolder(plan)}plan-${planHash(plan)}.json`;
  await writeJson(lake.store, planKey, plan);
  return {
    ingestId: plan.ingestId,
    members: files.length,
    bytes: files.reduce((sum, { member }) => sum + member.bytes, 0),
    batches: plan.batches.length,
    planKey,
    alreadyLanded: complete && files.length === 0,
  };
}
