/** The outer world of a command for tests: captured streams, and services that a test gives. */
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter, WorkflowNotFoundError } from '@temporalio/client';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../../cli/main';
import type { Services } from '../../../cli/services';
import type { Surroundings } from '../../../cli/shell';
import type { Target } from '../../../cli/voice';
import { WatchlakeError } from '../../../core/errors';
import { loadConfig } from '../../../workers/config';
import type { CommandContext } from '../../../workers/connect';
import type { UpState } from '../../../workers/state';

export interface Captured extends Target {
  text(): string;
}

export function captured(): Captured {
  const parts: string[] = [];
  return {
    write(text, done) {
      parts.push(text);
      done?.();
      return true;
    },
    text: () => parts.join(''),
  };
}

export const UP: UpState = {
  version: '0.1.0',
  pid: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
  temporal: { address: '127.0.0.1:7233', uiUrl: 'http://127.0.0.1:8233' },
  kafka: { brokers: ['127.0.0.1:9092'] },
  postgres: { url: 'postgres://watchlake:secret@127.0.0.1:5432/watchlake' },
  app: { url: 'http://127.0.0.1:8080' },
  metrics: null,
  worker: { pid: 2, restarts: 0, ready: true },
};

export interface RunCall {
  workflow: string;
  workflowId: string;
  input: unknown;
}

export interface FakeTemporal {
  /** The result of every workflow, or what it fails with. */
  result?: unknown;
  error?: Error;
  /** The input of the run that has the id already; the started one's own when absent. */
  runningInput?: unknown;
  progress?: unknown;
  /** Of the activity that is under way. */
  heartbeat?: unknown;
  /** Of the activity that is under way: which attempt it is, and what the last one failed with. */
  retry?: { attempt: number; message: string; cause?: { message: string } };
  /** Never ends. */
  endless?: boolean;
  /** The type of every run; a retrain when absent. */
  type?: string;
  /** The run that has started it, which is open as long as it is. */
  parent?: string;
  /** Before the server has the run. */
  onStart?: () => Promise<void>;
  onCancel?: () => void;
  onSignal?: (name: string) => void;
  /** Absent: no run has the id. */
  onUpdate?: (name: string) => void;
}

/** Only the calls that commands make, each recorded. */
export function fakeClient(fake: FakeTemporal, calls: RunCall[]): Client {
  let input: unknown = fake.runningInput;
  const result = async () => {
    if (fake.endless) return new Promise(() => undefined);
    if (fake.error) throw fake.error;
    return fake.result;
  };
  const pendingActivities = () => {
    const { heartbeat, retry } = fake;
    if (heartbeat === undefined && retry === undefined) return [];
    const payloads = heartbeat === undefined ? [] : [defaultPayloadConverter.toPayload(heartbeat)];
    return [
      {
        activityType: { name: 'workOnIt' },
        heartbeatDetails: { payloads },
        ...(retry && { attempt: retry.attempt, lastFailure: retry }),
      },
    ];
  };
  const payloads = () => [defaultPayloadConverter.toPayload(input)];
  const client = {
    options: { namespace: 'default' },
    withDeadline: (_deadline: number, work: () => unknown) => work(),
    workflow: {
      start: async (workflow: string, options: { workflowId: string; args: unknown[] }) => {
        await fake.onStart?.();
        calls.push({ workflow, workflowId: options.workflowId, input: options.args[0] });
        input ??= options.args[0];
        return { firstExecutionRunId: 'run-1' };
      },
      getHandle: () => ({
        result,
        query: async () => fake.progress ?? { step: 'working', facts: {} },
        describe: async () => ({
          raw: { pendingActivities: pendingActivities() },
          ...{ runId: 'run-1', type: fake.type ?? 'retrain', status: { name: 'RUNNING' } },
          ...(fake.parent && { parentExecution: { workflowId: fake.parent } }),
        }),
        cancel: async () => fake.onCancel?.(),
        signal: async (name: string) => fake.onSignal?.(name),
        executeUpdate: async (name: string) => {
          if (!fake.onUpdate) throw new WorkflowNotFoundError('none', 'id', undefined);
          fake.onUpdate(name);
        },
      }),
    },
    workflowService: {
      getWorkflowExecutionHistory: async () => ({
        history: {
          events: [
            { workflowExecutionStartedEventAttributes: { input: { payloads: payloads() } } },
          ],
        },
      }),
    },
  };
  return client as unknown as Client;
}

const noCampaign = async ({ campaign }: { campaign: string }): Promise<never> => {
  throw new WatchlakeError('CAMPAIGN_NOT_FOUND', { campaign });
};

export function fakeContext(parts: Partial<CommandContext>): CommandContext {
  const annotation = { progress: noCampaign };
  const context = {
    annotation,
    registry: { getAlias: async () => null, listModels: async () => [] },
    addresses: { temporal: UP.temporal },
    close: async () => undefined,
  };
  return { ...context, ...parts } as CommandContext;
}

export interface Run {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  services?: Partial<Services>;
  environment?: NodeJS.ProcessEnv;
  /** Called with the function that does what Ctrl-C does, as soon as a command listens. */
  onListening?: (interrupt: () => void) => void;
}

const missing = new Proxy(
  {},
  { get: (_target, name) => () => Promise.reject(new Error(`no fake of ${String(name)}`)) },
);

/** Runs a command line as a user would type it, without `watchlake`. */
export async function run(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  const stdout = captured();
  const stderr = captured();
  const { services = {}, environment = {}, onListening } = options;
  const surroundings: Surroundings = {
    services: { ...(missing as Services), ...services },
    stdout,
    stderr,
    loadConfig: (home) =>
      loadConfig({
        WATCHLAKE_HOME: home ?? join(tmpdir(), 'watchlake-cli-test'),
        ...environment,
      }),
    onInterrupt(listener) {
      onListening?.(listener);
      return () => undefined;
    },
  };
  const all = new Proxy(surroundings.services, {
    get: (target, name): unknown => Reflect.get(target, name) ?? Reflect.get(missing, name),
  });
  const exitCode = await runCommand(words, { ...surroundings, services: all });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

/** The JSON object of the last line, which has to be the only line of stdout. */
export function onlyObject(stdout: string): Record<string, unknown> {
  const lines = stdout.trimEnd().split('\n');
  if (lines.length !== 1) throw new Error(`stdout has ${lines.length} lines`);
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
}
