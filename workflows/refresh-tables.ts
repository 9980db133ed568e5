/** Rebuilds the declared tables of a dataset: transform, check, publish; what is unchanged is reused. */
import { proxyActivities } from '@temporalio/workflow';
import type { RefreshActivities } from '../activities/refresh-activities';
import type { WorkflowInput } from '../activities/inputs';
import { DATA } from './profiles';
import { tagRun, trackProgress } from './progress';
import { validated } from './validate';

const { planRefresh, buildTable, publishRelease } = proxyActivities<RefreshActivities>(DATA);

export interface TableSummary {
  snapshotId: string;
  rows: number;
  reused: boolean;
  quarantined: Record<string, number>;
  dropped: Record<string, number>;
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
  tagRun({ dataset: input.dataset });

  progress('planning', { dataset: input.dataset });
  const plan = await planRefresh(input);
  const tables: Record<string, TableSummary> = {};
  const snapshots: Record<string, string> = {};
  for (const stage of plan.stages) {
    progress(`building ${stage.tables.join(', ')}`);
    const inputs = { ...snapshots };
    const built = await Promise.all(
      stage.tables.map((table) =>
        buildTable.executeWithOptions({ ...DATA, summary: table }, [
          { planKey: plan.planKey, table, inputs },
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

  // One pointer moves for all tables together: a reader sees the old release or the new one.
  const release = await publishRelease({ dataset: input.dataset, snapshots });
  progress('published', { release: release.releaseId });
  return { dataset: input.dataset, releaseId: release.releaseId, tables };
}
