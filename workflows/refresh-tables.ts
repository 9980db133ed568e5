/** Rebuilds the declared tables of a dataset: transform, check, publish; what is unchanged is reused. */
import { proxyActivities } from '@temporalio/workflow';
import type { IngestActivities } from '../activities/ingest-activities';
import type { RefreshActivities } from '../activities/refresh-activities';
import type { ValidInput, WorkflowInput } from '../activities/inputs';
import { workflowIds } from '../core/workflow-ids';
import { runChild } from './children';
import type { IngestResult } from './ingest';
import { ingest } from './ingest';
import { DATA } from './profiles';
import { tagRun, trackProgress } from './progress';
import { validated } from './validate';

const { planRefresh, buildTable, publishRelease } = proxyActivities<RefreshActivities>(DATA);
const { identifySource, replayQuarantine } = proxyActivities<IngestActivities>(DATA);

type Input = ValidInput<'refreshTables'>;
type Report = ReturnType<typeof trackProgress>;

export interface TableSummary {
  snapshotId: string;
  rows: number;
  reused: boolean;
  quarantined: Record<string, number>;
  dropped: Record<string, number>;
  /** Used rows in which something was mended; of tables that mend rows. */
  noted?: Record<string, number>;
  firstProblems: string[];
}

export interface RefreshResult {
  dataset: string;
  releaseId: string;
  tables: Record<string, TableSummary>;
}

export async function refreshTables(raw: WorkflowInput<'refreshTables'>): Promise<RefreshResult> {
  const progress = trackProgress();
  const input = await validated('refreshTables', raw);
  const { dataset } = input;
  tagRun({ dataset });

  const landed = await landFirst(input, progress);
  progress('planning', { dataset });
  const plan = await planRefresh(input);
  const tables = await buildAll(plan, input, progress);

  // One pointer moves for all tables together: a reader sees the old release or the new one.
  const snapshots = Object.fromEntries(
    Object.entries(tables).map(([table, { snapshotId }]) => [table, snapshotId]),
  );
  const release = await publishRelease({ dataset, snapshots });
  progress('published', { release: release.releaseId });
  return { dataset, releaseId: release.releaseId, tables: { ...landed, ...tables } };
}

/** What has to land before the tables are built, if anything: a source, or lines from quarantine. */
async function landFirst(input: Input, progress: Report): Promise<Record<string, TableSummary>> {
  const { dataset, source, format = 'recordings' } = input;
  let landed: Record<string, TableSummary> = {};
  if (source !== undefined) {
    progress('landing the source', { dataset });
    const { sourceHash } = await identifySource({ source, format });
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
  { engine }: Input,
  progress: Report,
): Promise<Record<string, TableSummary>> {
  const tables: Record<string, TableSummary> = {};
  const snapshots: Record<string, string> = {};
  for (const stage of stages) {
    progress(`building ${stage.tables.join(', ')}`);
    const inputs = { ...snapshots };
    const built = await Promise.all(
      stage.tables.map((table) =>
        buildTable.executeWithOptions({ ...DATA, summary: table }, [
          { planKey, table, inputs, ...(engine === undefined ? {} : { engine }) },
        ]),
      ),
    );
    for (const { table, ...summary } of built) {
      tables[table] = summary;
      snapshots[table] = summary.snapshotId;
      progress(`built ${table}`, {
        [table]: `${summary.rows} rows${summary.reused ? ' (unchanged)' : ''}`,
      });
    }
  }
  return tables;
}
