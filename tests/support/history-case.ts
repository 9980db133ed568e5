/** What a case of the replay gate is: one path of a workflow, and how it is driven there. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowInput, WorkflowName } from '../../activities/inputs';
import type { Activities } from './fakes';

/** What a case may look at and do while its workflow runs. */
export interface Stage {
  client: Client;
  handle: WorkflowHandle;
  /** Waits until the activity has been called so often. */
  called(name: keyof Activities, times?: number): Promise<void>;
}

export interface HistoryCase {
  workflow: WorkflowName;
  name: string;
  input: unknown;
  /** Which replace the happy ones; called anew for each recording. */
  activities?: () => Partial<Activities>;
  drive?: (stage: Stage) => Promise<void>;
  /** How the first run ends; of a chain of runs the first is kept, unless `last`. */
  ends: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'CONTINUED_AS_NEW';
  last?: boolean;
}

export const failing = (code: string) => async (): Promise<never> => {
  throw ApplicationFailure.nonRetryable(`${code} happened`, code);
};

/** Cases of one workflow, each with an input of its type. */
export const casesOf = <N extends WorkflowName>(
  workflow: N,
  cases: (Omit<HistoryCase, 'workflow' | 'input'> & { input: WorkflowInput<N> })[],
): HistoryCase[] => cases.map((each) => ({ ...each, workflow }));

export const cancelAfter =
  (name: keyof Activities) =>
  async ({ called, handle }: Stage) => {
    await called(name);
    await handle.cancel();
  };
