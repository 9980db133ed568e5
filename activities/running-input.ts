/** The input that a run was started with, beside ours: who meets a run under an id joins it only when they are equal. */
import { defaultPayloadConverter, type Client } from '@temporalio/client';
import { canonicalJson } from '../core/hash';
import { parseInput } from './input-activities';
import type { WorkflowName } from './inputs';

// What a run hands to the next one under continue-as-new is no input of a person.
const CARRIED_FIELDS = ['carried', 'waiting'];
// The id of an ingest holds the hash of the content, wherever that lies.
const NAMED_BY_THE_ID: Partial<Record<WorkflowName, readonly string[]>> = { ingest: ['source'] };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

const isAlike = (left: unknown, right: unknown): boolean =>
  canonicalJson(left ?? null) === canonicalJson(right ?? null);

/** `window.stepMs` where that alone differs. */
function pathsWithin(path: string, left: unknown, right: unknown): string[] {
  if (isAlike(left, right)) return [];
  const [ours, theirs] = [left ?? {}, right ?? {}];
  if (!isRecord(ours) || !isRecord(theirs)) return [path];
  const fields = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const within = [...fields].flatMap((field) =>
    pathsWithin(`${path}.${field}`, ours[field], theirs[field]),
  );
  return within.length > 0 ? within : [path];
}

/** Where two inputs differ once the defaults are filled in, as `window.stepMs`. */
export function differingPaths(workflow: WorkflowName, ours: unknown, theirs: unknown): string[] {
  const [left, right] = [ours, theirs].map(
    (input) => parseInput(workflow, input) as Record<string, unknown>,
  ) as [Record<string, unknown>, Record<string, unknown>];
  const alike = new Set([...CARRIED_FIELDS, ...(NAMED_BY_THE_ID[workflow] ?? [])]);
  const fields = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...fields]
    .filter((field) => !alike.has(field))
    .flatMap((field) => pathsWithin(field, left[field], right[field]))
    .sort();
}

/** The names of the fields that differ, each as a whole. */
export const differingFields = (
  workflow: WorkflowName,
  ours: unknown,
  theirs: unknown,
): string[] => [
  ...new Set(differingPaths(workflow, ours, theirs).map((path) => path.replace(/\..*/, ''))),
];

/** From the first event of the run's history; of the latest run without `runId`. */
export async function inputOf(
  client: Client,
  { workflowId, runId }: { workflowId: string; runId?: string },
): Promise<unknown> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  const payload = started?.input?.payloads?.[0];
  return payload ? defaultPayloadConverter.fromPayload(payload) : {};
}
