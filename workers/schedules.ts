/** The declared schedules, and Temporal's made equal to them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import { parse } from 'yaml';
import { z } from 'zod';
import { WORKFLOW_INPUTS } from '../activities/inputs';
import { WatchlakeError } from '../core/errors';
import { PROJECT_ROOT } from '../core/project-root';
import { TASK_QUEUES } from '../core/task-queues';
import { DUE, workflowIds } from '../core/workflow-ids';

export const SCHEDULES_FILE = join(PROJECT_ROOT, 'schedules.yaml');

const duration = z.templateLiteral([
  z.number(),
  ' ',
  z.enum(['second', 'seconds', 'minute', 'minutes', 'hour', 'hours', 'day', 'days']),
]);

const SCHEDULED = ['retrain', 'refreshTables', 'landDeviceEvents', 'aggregateDevices'] as const;
type Scheduled = (typeof SCHEDULED)[number];

const declaration = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  workflow: z.enum(SCHEDULED),
  every: duration,
  jitter: duration.default('0 seconds'),
  catchUp: duration.default('1 hour'),
  note: z.string().max(500).default(''),
  input: z.record(z.string(), z.unknown()),
});

export type ScheduleDeclaration = z.output<typeof declaration>;

export interface ScheduleState {
  id: string;
  workflow: string;
  paused: boolean;
  note: string;
  nextRuns: string[];
  recentRuns: string[];
  outcome?: 'created' | 'updated';
}

/** Reads and checks the list, each input by the schema of its workflow. */
export async function readDeclarations(file = SCHEDULES_FILE): Promise<ScheduleDeclaration[]> {
  const parsed = z.array(declaration).safeParse(parse(await readFile(file, 'utf8')) ?? []);
  if (!parsed.success) throw invalid(file, parsed.error);
  for (const { id, workflow, input } of parsed.data) {
    const checked = z.safeParse(WORKFLOW_INPUTS[workflow], input);
    if (!checked.success) throw invalid(`${file}, ${id}`, checked.error);
  }
  return parsed.data;
}

function invalid(field: string, error: z.ZodError): WatchlakeError {
  const detail = error.issues
    .map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('; ');
  return new WatchlakeError('INPUT_INVALID', { field, detail });
}

type Input = Record<string, unknown>;

const WORKFLOW_IDS: Record<Scheduled, (input: Input) => string> = {
  retrain: ({ model }) => workflowIds.retrain((model as string | undefined) ?? 'activity'),
  refreshTables: ({ dataset }) => workflowIds.refreshTables(dataset as string),
  landDeviceEvents: () => workflowIds.landDeviceEvents(),
  aggregateDevices: ({ grain }) => workflowIds.aggregateDevices(grain as string, DUE),
};

const optionsOf = (each: ScheduleDeclaration, paused: boolean): ScheduleOptions => ({
  scheduleId: each.id,
  spec: { intervals: [{ every: each.every }], jitter: each.jitter },
  action: {
    type: 'startWorkflow',
    workflowType: each.workflow,
    workflowId: WORKFLOW_IDS[each.workflow](each.input),
    taskQueue: TASK_QUEUES.orchestration,
    args: [each.input],
  },
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: each.catchUp },
  state: { paused, note: each.note },
});

/** Creates what is missing and updates the rest; schedules that are not declared are left alone. */
export async function applySchedules(options: {
  client: Client;
  paused: boolean;
  declarations?: ScheduleDeclaration[];
}): Promise<ScheduleState[]> {
  const { client, paused } = options;
  const declarations = options.declarations ?? (await readDeclarations());
  const states: ScheduleState[] = [];
  for (const each of declarations) {
    const outcome = await createOrUpdate(client, optionsOf(each, paused));
    states.push({ ...(await describe(client, each.id)), outcome });
  }
  return states;
}

async function createOrUpdate(
  client: Client,
  options: ScheduleOptions,
): Promise<'created' | 'updated'> {
  try {
    await client.schedule.create(options);
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec, action, policies, state } = options;
    await client.schedule.getHandle(options.scheduleId).update((previous) => ({
      ...previous,
      spec,
      action: action,
      policies,
      state: { ...previous.state, ...state },
    }));
    return 'updated';
  }
}

async function describe(client: Client, id: string): Promise<ScheduleState> {
  const { action, state, info } = await client.schedule.getHandle(id).describe();
  return {
    id,
    workflow: action.type === 'startWorkflow' ? action.workflowType : '',
    paused: state.paused,
    note: state.note ?? '',
    nextRuns: info.nextActionTimes.slice(0, 3).map((time) => time.toISOString()),
    recentRuns: info.recentActions.map(({ action: run }) =>
      run.type === 'startWorkflow' ? run.workflow.workflowId : '',
    ),
  };
}

export async function listSchedules({ client }: { client: Client }): Promise<ScheduleState[]> {
  const states: ScheduleState[] = [];
  for await (const { scheduleId } of client.schedule.list()) {
    states.push(await describe(client, scheduleId));
  }
  return states.sort((a, b) => (a.id < b.id ? -1 : 1));
}

export async function pauseSchedule(client: Client, id: string, paused: boolean): Promise<void> {
  const handle = client.schedule.getHandle(id);
  await (paused
    ? handle.pause('paused from the command line')
    : handle.unpause('resumed from the command line'));
}

export const triggerSchedule = (client: Client, id: string): Promise<void> =>
  client.schedule.getHandle(id).trigger(ScheduleOverlapPolicy.SKIP);
