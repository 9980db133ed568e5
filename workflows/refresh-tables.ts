/** Rebuilds the declared tables of a dataset: transform, check, publish; what is unchanged is reused. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  log,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { IngestActivities } from '../activities/ingest-activities';
import type {
  BuildTableResult,
  RefreshActivities,
  RunCost,
} from '../activities/refresh-activities';
import type { ValidInput, WorkflowInput } from '../activities/inputs';
import { isCloudEngine } from '../core/engine-names';
import { counted } from '../core/figures';
import { workflowIds } from '../core/workflow-ids';
import { runChild } from './children';
import type { IngestResult } from './ingest';
import { ingest } from './ingest';
import { CLEANUP, CLOUD_BUILD, DATA } from './profiles';
import { tagRun, trackProgress } from './progress';
import { validated } from './validate';

const { planRefresh, buildTable, publishRelease } = proxyActivities<RefreshActivities>(DATA);
const { endSession } = proxyActivities<RefreshActivities>(CLEANUP);
const { identifySource, replayQuarantine } = proxyActivities<IngestActivities>(DATA);

/** Whoever is in its way has published each time: others get on. */
const MOST_PLANS = 5;
const OUTDATED = 'RELEASE_OUTDATED';

type Input = ValidInput<'refreshTables'>;
type Report = ReturnType<typeof trackProgress>;

export type TableSummary = Omit<BuildTableResult, 'table'>;

export interface RefreshResult {
  dataset: string;
  releaseId: string;
  tables: Record<string, TableSummary>;
  /** Of engines that AWS runs, when they were needed. */
  cost?: RunCost;
}

export async function refreshTables(raw: WorkflowInput<'refreshTables'>): Promise<RefreshResult> {
  const progress = trackProgress();
  const input = await validated('refreshTables', raw);
  const { dataset } = input;
  tagRun({ dataset });

  const landed = await landFirst(input, progress);
  const { releaseId, tables, cost } = await release(input, progress);
  progress('published', { release: releaseId });
  const result = { dataset, releaseId, tables: { ...landed, ...tables } };
  return cost === null ? result : { ...result, cost };
}

interface Released {
  releaseId: string;
  tables: Record<string, TableSummary>;
  cost: RunCost | null;
}

/** Plans again when another run has published since: from what has landed by then, of which much is built already. */
async function release(input: Input, progress: Report, plans = 1): Promise<Released> {
  const { dataset } = input;
  progress('planning', { dataset });
  const plan = await planRefresh(input);
  const { tables, cost } = await inSession(input, { progress, plans }, (session) =>
    buildAll(plan, { ...input, session }, progress),
  );

  // One pointer moves for all tables together: a reader sees the old release or the new one.
  const snapshots = Object.fromEntries(
    Object.entries(tables).map(([table, { snapshotId }]) => [table, snapshotId]),
  );
  try {
    const { releaseId } = await publishRelease({ dataset, snapshots, replaces: plan.replaces });
    return { releaseId, tables, cost };
  } catch (error) {
    if (!isOutdated(error) || plans === MOST_PLANS) throw error;
    progress('another run has published meanwhile');
    const again = await release(input, progress, plans + 1);
    return { ...again, cost: together(cost, again.cost) };
  }
}

const isOutdated = (error: unknown): boolean =>
  error instanceof ActivityFailure &&
  error.cause instanceof ApplicationFailure &&
  error.cause.type === OUTDATED;

/** What both have cost. */
function together(first: RunCost | null, second: RunCost | null): RunCost | null {
  if (first === null || second === null) return first ?? second;
  const isKnown = first.costUsd !== null && second.costUsd !== null;
  return {
    what: `${first.what}; ${second.what}`,
    seconds: first.seconds + second.seconds,
    costUsd: isKnown ? first.costUsd + second.costUsd : null,
    pricesOf: second.pricesOf,
  };
}

/** What an engine of AWS starts belongs to this run, and ends with it however it ends; each plan has its own. */
async function inSession(
  { engine, dataset }: Input,
  { progress, plans }: { progress: Report; plans: number },
  build: (session?: string) => Promise<Record<string, TableSummary>>,
): Promise<{ tables: Record<string, TableSummary>; cost: RunCost | null }> {
  if (!isCloudEngine(engine)) return { tables: await build(), cost: null };
  // Of this run alone: one that is reset or tried again comes after the end of the one before.
  const { runId } = workflowInfo();
  const session = plans === 1 ? runId : `${runId}p${plans}`;
  try {
    const tables = await build(session);
    return { tables, cost: await endQuietly({ engine, dataset, session }, progress) };
  } catch (error) {
    await endQuietly({ engine, dataset, session }, progress);
    throw error;
  }
}

/** What was built is no worse when this fails: a cluster with nothing to do ends by itself. */
async function endQuietly(
  session: Parameters<typeof endSession>[0],
  progress: Report,
): Promise<RunCost | null> {
  try {
    const cost = await CancellationScope.nonCancellable(() => endSession(session));
    if (cost !== null) progress('its session has ended', { cost: dollars(cost) });
    return cost;
  } catch (error) {
    log.error('the session could not be ended', { ...session, error });
    return null;
  }
}

const dollars = ({ costUsd, what }: RunCost): string =>
  costUsd === null ? `no price is known for ${what}` : `about $${costUsd.toFixed(2)} (${what})`;

/** What has to land before the tables are built, if anything: a source, or lines from quarantine. */
async function landFirst(input: Input, progress: Report): Promise<Record<string, TableSummary>> {
  const { dataset, source, format = 'recordings' } = input;
  let landed: Record<string, TableSummary> = {};
  if (source !== undefined) {
    progress('landing the source', { dataset });
    const { sourceHash } = await identifySource({ source, format, dataset });
    const { tables = {} } = await runChild<WorkflowInput<'ingest'>, IngestResult>(ingest, {
      workflowId: workflowIds.ingest(dataset, sourceHash),
      args: [{ source, dataset, format }],
      summary: `Land ${dataset}`,
    });
    landed = tables;
  }
  if (!input.replayQuarantine) return landed;
  progress('looking at the quarantine again');
  return { ...landed, ...(await replayQuarantine({ dataset })) };
}

/** Tables of a stage side by side, the stages one after another. */
async function buildAll(
  { stages, planKey }: Awaited<ReturnType<RefreshActivities['planRefresh']>>,
  { engine, session }: Input & { session?: string },
  progress: Report,
): Promise<Record<string, TableSummary>> {
  const tables: Record<string, TableSummary> = {};
  const how = {
    ...(engine === undefined ? {} : { engine }),
    ...(session === undefined ? {} : { session }),
  };
  const profile = isCloudEngine(engine) ? CLOUD_BUILD : DATA;
  const snapshots: Record<string, string> = {};
  for (const stage of stages) {
    progress(`building ${stage.tables.join(', ')}`);
    const inputs = { ...snapshots };
    const built = await Promise.all(
      stage.tables.map((table) =>
        buildTable.executeWithOptions({ ...profile, summary: table }, [
          { planKey, table, inputs, ...how },
        ]),
      ),
    );
    for (const { table, ...summary } of built) {
      tables[table] = summary;
      snapshots[table] = summary.snapshotId;
      progress(`built ${table}`, {
        [table]: `${counted(summary.rows, 'row')}${summary.reused ? ' (unchanged)' : ''}`,
        ...(summary.job === undefined ? {} : { [summary.job.service]: summary.job.place }),
      });
    }
  }
  return tables;
}
