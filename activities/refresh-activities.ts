/** Steps that rebuild a dataset's tables: plan, build each, publish them together. */
import { Context } from '@temporalio/activity';
import type { CloudEngineName, EngineName } from '../core/engine-names';
import { buildTable } from '../lakehouse/build-table';
import type { RefreshRequest } from '../lakehouse/refresh-request';
import type { Emptiness } from '../lakehouse/dataset-format';
import { formatOf, formatToRefresh, loadRefreshPlan } from '../lakehouse/formats';
import type { Lake } from '../lakehouse/lake';
import { withEngine } from '../lakehouse/lake';
import type { JobFacts } from '../lakehouse/manifest';
import type { JobContext } from '../lakehouse/ports';
import type { PublishedVersions } from '../lakehouse/release';
import { publishRelease, publishedVersions } from '../lakehouse/release';
import { stagesOf } from '../lakehouse/stages';
import { alive } from './alive';
import { asActivities } from './as-activities';
import { countFates } from './meters';

export interface RefreshDeps {
  readonly lake: Lake;
}

/** What engines of AWS have cost for one run: an estimate by a dated table of prices. */
export interface RunCost {
  readonly what: string;
  readonly seconds: number;
  readonly costUsd: number | null;
  readonly pricesOf: string;
}

export interface PlannedRefresh {
  readonly dataset: string;
  readonly stages: { tables: string[] }[];
  readonly planKey: string;
  /** What its release replaces, by table; plans of earlier versions do not say. */
  readonly replaces?: Record<string, number>;
}

export interface BuildTableResult {
  readonly table: string;
  readonly snapshotId: string;
  readonly reused: boolean;
  readonly rows: number;
  /** Rows that it was made from, used, quarantined or dropped; runs of before do not tell. */
  readonly read?: number;
  readonly quarantined: Record<string, number>;
  readonly dropped: Record<string, number>;
  /** Used rows in which something was mended; of tables that mend rows. */
  readonly noted?: Record<string, number>;
  readonly firstProblems: string[];
  /** Of a table without rows, where its format knows what may explain that; runs of before do not tell. */
  readonly emptiness?: Emptiness;
  /** Of engines that have the work done elsewhere, when this run had it done. */
  readonly job?: JobFacts;
}

const versionsOf = (
  tables: readonly { readonly name: string }[],
  published: PublishedVersions,
): Record<string, number> =>
  Object.fromEntries(tables.map(({ name }) => [name, published[name] ?? 0]));

/** For engines that start something: the same for every attempt, so that it is adopted. */
function jobContext(session: string, table: string): JobContext {
  const { report } = alive();
  const context = Context.current();
  const { workflowExecution, activityId } = context.info;
  return {
    session,
    holder: `${workflowExecution?.runId ?? ''}/${activityId}`,
    report: (facts) => report({ table, ...facts }),
    // A worker that shuts down, or was too slow, is no wish to end the work.
    isCancelled: () => context.cancellationDetails?.cancelRequested ?? false,
  };
}

export function createRefreshActivities({ lake }: RefreshDeps) {
  return asActivities({
    // Safe to retry: the plan's key is its content's hash. What is published is looked at before the sources are.
    async planRefresh(input: RefreshRequest): Promise<PlannedRefresh> {
      const replaces = await publishedVersions(lake, input.dataset);
      const format = await formatToRefresh(lake, input);
      const { plan, planKey } = await format.planRefresh(lake, input);
      const tables = format.declaredTables(plan);
      return {
        dataset: plan.dataset,
        stages: stagesOf(tables),
        planKey,
        replaces: versionsOf(tables, replaces),
      };
    },

    // Safe to retry: the same inputs name the same snapshot, and the first manifest written counts.
    async buildTable(input: {
      planKey: string;
      table: string;
      inputs: Record<string, string>;
      engine?: EngineName;
      /** Of engines that AWS runs: what they start belongs to it. */
      session?: string;
    }): Promise<BuildTableResult> {
      const { signal, report } = alive();
      const plan = await loadRefreshPlan(lake, input.planKey);
      const { table, inputs, engine, session } = input;
      const built = await buildTable(engine === undefined ? lake : withEngine(lake, engine), {
        ...{ plan, table, inputs, signal },
        job: session === undefined ? undefined : jobContext(session, table),
        onProgress: ({ windows }) => report({ table, windowsMade: windows }),
      });
      if (!built.reused) countFates(built.manifest);
      const { snapshotId, rows, inputRows, quarantined, dropped } = built.manifest;
      const { noted, firstProblems, job } = built.manifest;
      const emptiness =
        rows > 0 ? undefined : await formatOf(plan).emptinessOf?.(lake, plan, table);
      return {
        table,
        snapshotId,
        reused: built.reused,
        rows,
        read: inputRows,
        quarantined: { ...quarantined },
        dropped: { ...dropped },
        ...(noted === undefined ? {} : { noted: { ...noted } }),
        firstProblems: [...firstProblems],
        ...(emptiness === undefined ? {} : { emptiness }),
        ...(job !== undefined && job.session === session ? { job } : {}),
      };
    },

    // Safe to retry: what has ended stays as it is.
    async endSession(input: {
      engine: CloudEngineName;
      dataset: string;
      session: string;
    }): Promise<RunCost | null> {
      return lake.endSession(input);
    },

    // Safe to retry: pointers that stand at their snapshot stay, and a release is written once.
    async publishRelease(input: {
      dataset: string;
      snapshots: Record<string, string>;
      replaces?: PlannedRefresh['replaces'];
    }): Promise<{ releaseId: string; tables: Record<string, string> }> {
      const { releaseId, snapshots } = await publishRelease(lake, {
        ...input,
        replaces: input.replaces ?? (await publishedVersions(lake, input.dataset)),
      });
      return { releaseId, tables: { ...snapshots } };
    },
  });
}

export type RefreshActivities = ReturnType<typeof createRefreshActivities>;
