/** The input that a run was started with, beside ours: who meets a run under an id joins it only when they are equal. */
import { defaultPayloadConverter, type Client } from '@temporalio/client';
import { canonicalJson } from '../core/hash';
import { parseInput } from './input-activities';
import type { WorkflowName } from './inputs';

// What a run hands to the next one under continue-as-new is no input of a person.
const CARRIED_FIELDS = ['carried', 'waiting'];
// The id of an ingest holds the hash of the content, wherever that lies.
const NAMED_BY_THE_ID: Partial<Record<WorkflowName, readonly string[]>> = { ingest: ['source'] };

/** The names of the fields in which two inputs differ once the defaults are filled in. */
export function differingFields(workflow: WorkflowName, ours: unknown, theirs: unknown): string[] {
  const [left, right] = [ours, theirs].map(
    (input) => parseInput(workflow, input) as Record<string, unknown>,
  ) as [Record<string, unknown>, Record<string, unknown>];
  const alike = new Set([...CARRIED_FIELDS, ...(NAMED_BY_THE_ID[workflow] ?? [])]);
  const fields = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...fields]
    .filter((field) => !alike.has(field))
    .filter((field) => canonicalJson(left[field] ?? null) !== canonicalJson(right[field] ?? null))
    .sort();
}

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
