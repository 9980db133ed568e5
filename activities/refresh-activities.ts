/** Steps that rebuild a dataset's tables: plan, build each, publish them together. */
import { buildTable } from '../lakehouse/build-table';
import type { RefreshRequest } from '../lakehouse/dataset-format';
import { formatOfDataset, loadRefreshPlan } from '../lakehouse/formats';
import type { EngineName } from '../lakehouse/engines/engines';
import type { Lake } from '../lakehouse/lake';
import { withEngine } from '../lakehouse/lake';
import { publishRelease } from '../lakehouse/release';
import { stagesOf } from '../lakehouse/stages';
import { alive } from './alive';
import { asActivities } from './as-activities';

export interface RefreshDeps {
  readonly lake: Lake;
}

export interface BuildTableResult {
  readonly table: string;
  readonly snapshotId: string;
  readonly reused: boolean;
  readonly rows: number;
  readonly quarantined: Record<string, number>;
  readonly dropped: Record<string, number>;
  /** Used rows in which something was mended; of tables that mend rows. */
  readonly noted?: Record<string, number>;
  readonly firstProblems: string[];
}

export function createRefreshActivities({ lake }: RefreshDeps) {
  return asActivities({
    // Safe to retry: the plan's key is its content's hash.
    async planRefresh(
      input: RefreshRequest,
    ): Promise<{ dataset: string; stages: { tables: string[] }[]; planKey: string }> {
      const format = await formatOfDataset(lake, input.dataset);
      const { plan, planKey } = await format.planRefresh(lake, input);
      return { dataset: plan.dataset, stages: stagesOf(format.declaredTables(plan)), planKey };
    },

    // Safe to retry: the same inputs name the same snapshot, and the first manifest written counts.
    async buildTable(input: {
      planKey: string;
      table: string;
      inputs: Record<string, string>;
      engine?: EngineName;
    }): Promise<BuildTableResult> {
      const { signal, report } = alive();
      const plan = await loadRefreshPlan(lake, input.planKey);
      const { table, inputs } = input;
      const onProgress = (done: { windows: number }) => report({ table, ...done });
      const { engine } = input;
      const built = await buildTable(engine === undefined ? lake : withEngine(lake, engine), {
        plan,
        table,
        inputs,
        signal,
        onProgress,
      });
      const { snapshotId, rows, quarantined, dropped, noted, firstProblems } = built.manifest;
      return {
        table,
        snapshotId,
        reused: built.reused,
        rows,
        quarantined: { ...quarantined },
        dropped: { ...dropped },
        ...(noted === undefined ? {} : { noted: { ...noted } }),
        firstProblems: [...firstProblems],
      };
    },

    // Safe to retry: pointers that stand at their snapshot stay, and a release is written once.
    async publishRelease(input: {
      dataset: string;
      snapshots: Record<string, string>;
    }): Promise<{ releaseId: string; tables: Record<string, string> }> {
      const { releaseId, snapshots } = await publishRelease(lake, input);
      return { releaseId, tables: { ...snapshots } };
    },
  });
}

export type RefreshActivities = ReturnType<typeof createRefreshActivities>;
