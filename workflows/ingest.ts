/** Lands an archive in the lake as it was received, member by member. */
import { proxyActivities } from '@temporalio/workflow';
import type { IngestActivities } from '../activities/ingest-activities';
import type { WorkflowInput } from '../activities/inputs';
import { count } from '../core/figures';
import type { LandedTableSummary, Sampling, UnreadColumn } from '../lakehouse/dataset-format';
import { DATA } from './profiles';
import { tagRun, trackProgress } from './progress';
import { validated } from './validate';

const { openArchive, landBatch, publishLanding } = proxyActivities<IngestActivities>(DATA);

// Members of one batch are read one after another; this many batches are read side by side.
const BATCHES_AT_ONCE = 4;

export interface IngestResult {
  dataset: string;
  table: string;
  snapshotId: string;
  members: number;
  /** Of the members; absent when all have rows. */
  membersWithoutRows?: number;
  /** What of them and of the rows the archive has brought; absent when it is all or nothing. */
  added?: { members: number; rows: number };
  /** In recordings of people; absent where no two samples follow each other. */
  sampling?: Sampling;
  /** How many activities the labels of the dataset name, in recordings of people. */
  labels?: number;
  /** Of the archive, in formats that tell; at most twenty, absent when there are none. */
  unreadColumns?: UnreadColumn[];
  moreUnreadColumns?: number;
  rows: number;
  quarantined: Record<string, number>;
  alreadyLanded: boolean;
  /** Left out by a named rule; in recordings where the format has those. */
  dropped?: Record<string, number>;
  /** Of formats with several landing tables. */
  tables?: Record<string, LandedTableSummary>;
}

export async function ingest(raw: WorkflowInput<'ingest'>): Promise<IngestResult> {
  const progress = trackProgress();
  const input = await validated('ingest', raw);
  tagRun({ dataset: input.dataset });

  progress('opening the archive', { dataset: input.dataset });
  const archive = await openArchive(input);
  if (!archive.alreadyLanded) await landAll(archive, progress);

  progress('publishing', { members: archive.members });
  const landing = await publishLanding({ planKey: archive.planKey });
  progress('landed', { rows: landing.rows });
  return { dataset: input.dataset, alreadyLanded: archive.alreadyLanded, ...landing };
}

async function landAll(
  archive: { planKey: string; batches: number; members: number; bytes?: number },
  progress: ReturnType<typeof trackProgress>,
): Promise<void> {
  let next = 0;
  const done = { batches: 0, rows: 0, members: 0, bytes: 0 };
  // Earlier versions did not tell of bytes.
  const { bytes: bytesInAll = null } = archive;
  const tell = () =>
    progress('landing', {
      ...{ bytesRead: bytesInAll === null ? null : done.bytes, bytesInAll },
      ...{ membersBegun: done.members, members: archive.members },
      batches: `${count(done.batches)} of ${count(archive.batches)}`,
      rows: done.rows,
    });
  tell();
  const lane = async () => {
    for (let batch = next++; batch < archive.batches; batch = next++) {
      // Before it is added: the sums may have grown while this batch landed.
      const { rows, members, bytes = 0 } = await landBatch({ planKey: archive.planKey, batch });
      done.batches += 1;
      done.rows += rows;
      done.members += members;
      done.bytes += bytes;
      tell();
    }
  };
  await Promise.all(Array.from({ length: Math.min(BATCHES_AT_ONCE, archive.batches) }, lane));
}
