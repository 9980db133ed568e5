/** What keeps a dataset or a model from being removed: runs that work on it, and schedules that would again. */
import { ScheduleNotFoundError, type Client } from '@temporalio/client';
import type { ZodType } from 'zod';
import { WORKFLOW_INPUTS } from '../activities/inputs';
import { fewOf } from '../core/few-of';
import { callable } from '../core/program-name';

export type Named = { readonly dataset: string } | { readonly model: string };

const MOST_LISTED = 100;
const VERSION_USERS: readonly (keyof typeof WORKFLOW_INPUTS)[] = [
  'activeLearningLoop',
  'retrain',
  'trainModel',
];

function attributeOf(of: Named): string {
  return 'dataset' in of ? `WatchlakeDataset = '${of.dataset}'` : `WatchlakeModel = '${of.model}'`;
}

async function runsOf({ workflow }: Client, of: Named, types?: readonly string[]) {
  const which = types && ` AND WorkflowType IN (${types.map((type) => `'${type}'`).join(', ')})`;
  const query = `${attributeOf(of)} AND ExecutionStatus = 'Running'${which ?? ''}`;
  const ids: string[] = [];
  for await (const { workflowId } of workflow.list({ query })) {
    ids.push(workflowId);
    if (ids.length === MOST_LISTED) break;
  }
  return ids.sort();
}

/** With what the workflow takes where the input says nothing. */
function wholeInput(workflow: string, input: unknown): Partial<Record<string, unknown>> {
  const schemas: Partial<Record<string, ZodType>> = WORKFLOW_INPUTS;
  const parsed = schemas[workflow]?.safeParse(input);
  return (parsed?.success ? parsed.data : (input ?? {})) as Partial<Record<string, unknown>>;
}

function names(workflow: string, input: unknown, of: Named): boolean {
  const { dataset, model } = wholeInput(workflow, input);
  return 'dataset' in of ? dataset === of.dataset : model === of.model;
}

/** Those that are active: a paused one starts nothing. */
async function schedulesOf(client: Client, of: Named): Promise<string[]> {
  const ids: string[] = [];
  for await (const { scheduleId } of client.schedule.list()) {
    try {
      const { action, state } = await client.schedule.getHandle(scheduleId).describe();
      if (state.paused || action.type !== 'startWorkflow') continue;
      if (names(action.workflowType, action.args?.[0], of)) ids.push(scheduleId);
    } catch (error) {
      // The server's list goes on naming one for a moment after it was deleted.
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
  }
  return ids.sort();
}

const running = (runs: readonly string[]): string[] =>
  runs.length > 0 ? [`${fewOf(runs)} ${runs.length === 1 ? 'is' : 'are'} running`] : [];

/** What may be at work with any version; predictors and campaigns ask for the champion alone. */
export const versionsInUse = async (client: Client, model: string): Promise<string[]> =>
  running(await runsOf(client, { model }, VERSION_USERS));

/** In words, each with its names; empty when nothing is. */
export async function inTheWay(client: Client, of: Named): Promise<string[]> {
  const runs = await runsOf(client, of);
  const schedules = await schedulesOf(client, of);
  return [
    ...running(runs),
    ...(schedules.length > 0
      ? [
          callable(
            `the schedule ${fewOf(schedules)} works on it (\`watchlake schedules pause <id>\` stops it)`,
          ),
        ]
      : []),
  ];
}
