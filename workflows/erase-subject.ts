/** Erases a person who withdrew: from landing upward, from what was learned about, and with a proof at the end. */
import {
  ParentClosePolicy,
  patched,
  proxyActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { ErasureActivities } from '../activities/erasure-activities';
import type { WorkflowInput } from '../activities/inputs';
import { workflowIds } from '../core/workflow-ids';
import { runChild } from './children';
import { DATA, SHORT } from './profiles';
import { tagRun, trackProgress } from './progress';
import { refreshTables, type RefreshResult } from './refresh-tables';
import { retrain } from './retrain';
import { runReference } from './run-reference';
import { validated } from './validate';

const { suppressSubject, eraseRecords, taintedVersions } =
  proxyActivities<ErasureActivities>(SHORT);
const {
  awaitWriters,
  findSubject,
  rewriteLanding,
  rewriteModelTables,
  eraseMessages,
  removeHoldings,
  proveErasure,
} = proxyActivities<ErasureActivities>(DATA);

// Longer than a step of another retrain may take.
const RETRAIN_WAITS_MINUTES = 7 * 60;

type Case = Parameters<ErasureActivities['rewriteLanding']>[0];
type Tainted = Awaited<ReturnType<ErasureActivities['taintedVersions']>>[number];
type Report = ReturnType<typeof trackProgress>;
type Refresh = WorkflowInput<'refreshTables'>;

export interface EraseResult {
  dataset: string;
  subject: string;
  /** Rows, and lines in quarantine, by table. */
  removedRows: Record<string, number>;
  removedObjects: { snapshots: number; objects: number; bytes: number; rewritten: number };
  records: Awaited<ReturnType<ErasureActivities['eraseRecords']>>;
  topics: { topic: string; removed: number; kept: number; retentionMs: number | null }[];
  /** Versions that learned from the person. */
  models: { model: string; version: string; isChampion: boolean }[];
  /** Ids of the retrainings that were started. */
  retrainings: string[];
  /** Key of the proof in the lake. */
  proof: string;
  scanned: Record<string, number>;
  /** Messages that wait for their reader and go by the topic's retention at the latest. */
  waiting: number;
}

export async function eraseSubject(raw: WorkflowInput<'eraseSubject'>): Promise<EraseResult> {
  const progress = trackProgress();
  const input = await validated('eraseSubject', raw);
  const run = runReference();
  tagRun({ dataset: input.dataset });

  progress('putting the person on the list', { dataset: input.dataset });
  await suppressSubject({ ...input, run });
  progress('waiting for runs that write');
  await awaitOthers(input);
  progress('looking for the person');
  const { shared } = await findSubject({ ...input, run });
  progress('rewriting', { 'names that others share': shared });
  const { removedRows, since } = await eraseRows(input, progress);
  const records = await eraseRecords(input);
  Object.assign(removedRows, await rewriteModelTables(input));
  progress('erasing messages', { labels: records.labels, tasks: records.tasks });
  const topics = await eraseMessages(input);
  progress('removing older snapshots');
  const removedObjects = await removeHoldings({ ...input, since });
  progress('looking for models', { objects: removedObjects.objects });
  const models = await taintedVersions(input);
  const retrainings = await startRetrainings(models, input.subject);
  progress('proving', { models: models.length, retrainings: retrainings.length });
  const facts = { removedRows, removedObjects, records, topics, models, retrainings };
  const { proof, scanned, waiting } = await proveErasure({ ...input, run, facts });
  progress('proved', { proof });
  return { ...input, ...facts, proof, scanned, waiting };
}

/** Those that begin later leave the person out. Tells since when none of the others works. */
async function awaitOthers({ dataset }: Case): Promise<string> {
  const before = new Date().toISOString();
  await awaitWriters({ dataset, before, startedAt: workflowInfo().startTime.toISOString() });
  return before;
}

const total = (rows: Readonly<Record<string, number>>): number =>
  Object.values(rows).reduce((sum, each) => sum + each, 0);

/** From landing, and with it from every table that is built from there. */
async function eraseRows(
  input: Case,
  progress: Report,
): Promise<{ removedRows: Record<string, number>; since: string }> {
  const { rows, refresh } = await rewriteLanding(input);
  progress('rebuilding the tables', { 'rows removed': total(rows) });
  // An ingest that began meanwhile may have put back what it had read before, a refresh built from it.
  const since = await awaitOthers(input);
  const again = await rewriteLanding(input);
  const present = presentRefresh(refresh, again.refresh);
  if (present !== null) await rebuild(present);
  // Each time all that has gone so far; of earlier workers only what went that time.
  const removedRows = Object.fromEntries(
    Object.entries(rows).map(([table, n]) => [table, Math.max(n, again.rows[table] ?? 0)]),
  );
  return { removedRows, since };
}

/** As the tables are by now: a run that had planned before the first pass may have built them since, or by other options. */
function presentRefresh(before: Refresh | null, now: Refresh | null): Refresh | null {
  if (before === null && now !== null && !patched('rebuilds-what-was-built-meanwhile')) return null;
  return now ?? before;
}

/** A run that began meanwhile has planned after the landing tables were rewritten: it is joined. */
const rebuild = (refresh: Refresh): Promise<RefreshResult> =>
  runChild<WorkflowInput<'refreshTables'>, RefreshResult>(refreshTables, {
    workflowId: workflowIds.refreshTables(refresh.dataset),
    args: [refresh],
    summary: `rebuild the tables of ${refresh.dataset} without the person`,
    joinsAny: true,
  });

async function startRetrainings(models: readonly Tainted[], subject: string): Promise<string[]> {
  const started: string[] = [];
  for (const { model, dataset, seed } of models.filter(({ isChampion }) => isChampion)) {
    const input = { model, dataset, seed, waitMinutes: RETRAIN_WAITS_MINUTES };
    started.push(await startRetraining(input, subject));
  }
  return started;
}

/** It outlives this run. One that runs already may be a control, or skipped: ours comes after it. */
async function startRetraining(
  input: WorkflowInput<'retrain'> & { model: string },
  subject: string,
): Promise<string> {
  const workflowId = workflowIds.retrain(input.model);
  if (await isStarted(workflowId, input)) return workflowId;
  if (!patched('retrains-after-another')) return workflowId;
  const ownId = `${workflowId}/${workflowIds.eraseSubject(subject)}`;
  // One under this id is of a former run of this erasure.
  await isStarted(ownId, input);
  return ownId;
}

async function isStarted(
  workflowId: string,
  input: WorkflowInput<'retrain'> & { model: string },
): Promise<boolean> {
  try {
    await startChild(retrain, {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `retrain ${input.model} without the person`,
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
