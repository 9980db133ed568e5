/** The declared schedules, and what Temporal has of them. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleExecutionActionResult,
  type ScheduleOptions,
} from '@temporalio/client';
import { msToNumber } from '@temporalio/common/lib/time';
import { parse } from 'yaml';
import { z } from 'zod';
import { WORKFLOW_INPUTS } from '../activities/inputs';
import { WatchlakeError } from '../core/errors';
import { TASK_QUEUES } from '../core/task-queues';
import { DUE, workflowIds } from '../core/workflow-ids';

const DURATION_FORM =
  "expected a number and a unit, such as '5 minutes' (seconds, minutes, hours or days)";
const duration = z.templateLiteral(
  [
    z.number(),
    ' ',
    z.enum(['second', 'seconds', 'minute', 'minutes', 'hour', 'hours', 'day', 'days']),
  ],
  { error: DURATION_FORM },
);
const isAtLeast = (leastMs: number) => (text: z.output<typeof duration>) =>
  msToNumber(text) >= leastMs;

const SCHEDULED = [
  'retrain',
  'annotationCampaign',
  'refreshTables',
  'landDeviceEvents',
  'aggregateDevices',
] as const;
type Scheduled = (typeof SCHEDULED)[number];

/** Those that find nothing to do before recordings of their dataset have landed. */
const OF_RECORDINGS: readonly Scheduled[] = ['retrain', 'annotationCampaign', 'refreshTables'];

const declaration = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  workflow: z.enum(SCHEDULED),
  every: duration.refine(isAtLeast(1000), 'expected 1 second or more'),
  jitter: duration.refine(isAtLeast(0), 'expected 0 seconds or more').default('0 seconds'),
  catchUp: duration.refine(isAtLeast(0), 'expected 0 seconds or more').default('1 hour'),
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
  /** Of an application. `undeclared`: Watchlake's kind, and the list does not name it any more. */
  outcome?: 'created' | 'updated' | 'undeclared' | 'deleted';
  /** Of an application: the dataset whose recordings the runs need. */
  recordingsOf?: string;
}

/** Reads and checks the list, each input by the schema of its workflow. */
export async function readDeclarations(file: string): Promise<ScheduleDeclaration[]> {
  const listed = (await readYaml(file)) ?? [];
  const parsed = z.array(declaration).safeParse(listed);
  if (!parsed.success) throw invalid(file, parsed.error, listed);
  for (const [at, { id, workflow, input }] of parsed.data.entries()) {
    if (parsed.data.findIndex((each) => each.id === id) < at) {
      const detail = 'id: an earlier schedule of the list has it';
      throw new WatchlakeError('INPUT_INVALID', { field: `${file}, ${id}`, detail });
    }
    const checked = z.safeParse(WORKFLOW_INPUTS[workflow], input);
    if (!checked.success) throw invalid(`${file}, ${id}`, checked.error);
    if (workflow === 'annotationCampaign' && 'campaign' in input) {
      const detail = 'campaign: leave it out, each run asks under a name of its own';
      throw new WatchlakeError('INPUT_INVALID', { field: `${file}, ${id}`, detail });
    }
  }
  return parsed.data;
}

async function readYaml(file: string): Promise<unknown> {
  try {
    return parse(await readFile(file, 'utf8'));
  } catch (error) {
    const { code, message: detail } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new WatchlakeError('SOURCE_NOT_FOUND', { source: file }, error);
    throw new WatchlakeError('INPUT_INVALID', { field: file, detail }, error);
  }
}

/** Names the field; in a list by the id of its schedule, or by how many stand before it. */
function invalid(field: string, error: z.ZodError, listed?: unknown): WatchlakeError {
  const named = (step: PropertyKey): string => {
    if (typeof step !== 'number' || !Array.isArray(listed)) return String(step);
    const id: unknown = (listed[step] as { id?: unknown } | null)?.id;
    return typeof id === 'string' ? id : `schedule ${step + 1}`;
  };
  const detail = error.issues
    .map(({ path, message }) => [path.map(named).join('.'), message].filter(Boolean).join(': '))
    .join('; ');
  return new WatchlakeError('INPUT_INVALID', { field, detail });
}

// Temporal appends the time of each run.
const WORKFLOW_IDS: Record<Scheduled, (declared: ScheduleDeclaration) => string> = {
  retrain: ({ input }) => workflowIds.retrain((input.model as string | undefined) ?? 'activity'),
  annotationCampaign: ({ id }) => workflowIds.annotationCampaign(id),
  refreshTables: ({ input }) => workflowIds.refreshTables(input.dataset as string),
  landDeviceEvents: () => workflowIds.landDeviceEvents(),
  aggregateDevices: ({ input }) => workflowIds.aggregateDevices(input.grain as string, DUE),
};

const optionsOf = (each: ScheduleDeclaration, paused: boolean): ScheduleOptions => ({
  scheduleId: each.id,
  spec: { intervals: [{ every: each.every }], jitter: each.jitter },
  action: {
    type: 'startWorkflow',
    workflowType: each.workflow,
    workflowId: WORKFLOW_IDS[each.workflow](each),
    taskQueue: TASK_QUEUES.orchestration,
    args: [each.input],
  },
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: each.catchUp },
  state: { paused, note: each.note },
});

export interface ApplyOptions {
  declarations: readonly ScheduleDeclaration[];
  /** Of all; without it new ones are active, and who was paused stays so. */
  paused?: boolean;
  /** Deletes those that are declared no longer; else they are left as they are, and told. */
  prune?: boolean;
}

/** Creates what is missing, updates the rest, and tells or deletes what is declared no longer. */
export async function applySchedules(
  client: Client,
  { declarations, paused, prune = false }: ApplyOptions,
): Promise<ScheduleState[]> {
  const states: ScheduleState[] = [];
  for (const each of declarations) {
    const outcome = await createOrUpdate(client, optionsOf(each, paused ?? false), paused);
    states.push({ ...(await describe(client, each.id)), outcome, ...recordingsNeeded(each) });
  }
  const declared = new Set(declarations.map(({ id }) => id));
  for (const each of await listSchedules({ client })) {
    if (declared.has(each.id) || !isScheduled(each.workflow)) continue;
    if (prune) await client.schedule.getHandle(each.id).delete();
    states.push({ ...each, outcome: prune ? 'deleted' : 'undeclared' });
  }
  return states;
}

const recordingsNeeded = ({ workflow, input }: ScheduleDeclaration) =>
  OF_RECORDINGS.includes(workflow) ? { recordingsOf: input.dataset as string } : {};

const isScheduled = (workflow: string): boolean =>
  (SCHEDULED as readonly string[]).includes(workflow);

async function createOrUpdate(
  client: Client,
  options: ScheduleOptions,
  paused: boolean | undefined,
): Promise<'created' | 'updated'> {
  try {
    await client.schedule.create(options);
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec, action, policies, state } = options;
    const wanted = paused === undefined ? {} : { paused };
    await client.schedule.getHandle(options.scheduleId).update((previous) => ({
      ...previous,
      spec,
      action: action,
      policies,
      state: { ...previous.state, note: state?.note, ...wanted },
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
    try {
      states.push(await describe(client, scheduleId));
    } catch (error) {
      // The server's list goes on naming one for a moment after it was deleted.
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
  }
  return states.sort((a, b) => (a.id < b.id ? -1 : 1));
}

export async function pauseSchedule(client: Client, id: string, paused: boolean): Promise<void> {
  // The handle's own pause would put its note in place of what the schedule is for.
  await client.schedule
    .getHandle(id)
    .update((previous) => ({ ...previous, state: { ...previous.state, paused } }));
}

/** What a trigger has come to; `unknown` when the server has not done it within a few seconds. */
export interface Triggered {
  outcome: 'started' | 'skipped' | 'unknown';
  /** The run that was started, or the one that still runs. */
  workflowId?: string;
}

const TRIGGER_LOOKS = 25;
const TRIGGER_LOOK_MS = 200;

export async function triggerSchedule(client: Client, id: string): Promise<Triggered> {
  const handle = client.schedule.getHandle(id);
  const { info: before } = await handle.describe();
  await handle.trigger(ScheduleOverlapPolicy.SKIP);
  for (let look = 0; look < TRIGGER_LOOKS; look += 1) {
    const { info } = await handle.describe();
    if (info.numActionsTaken > before.numActionsTaken)
      return { outcome: 'started', workflowId: startedBy(info.recentActions.at(-1)?.action) };
    if (info.numActionsSkippedOverlap > before.numActionsSkippedOverlap)
      return { outcome: 'skipped', workflowId: startedBy(info.runningActions.at(-1)) };
    await sleep(TRIGGER_LOOK_MS);
  }
  return { outcome: 'unknown' };
}

const startedBy = (action: ScheduleExecutionActionResult | undefined): string | undefined =>
  action?.type === 'startWorkflow' ? action.workflow.workflowId : undefined;
