/** Ctrl-C before the server has said that it has the run. */
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure, RetryState } from '@temporalio/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { fakeClient, fakeContext, run, type FakeTemporal } from './fake-surroundings';

/** `times` times, each as soon as a command listens; once it is cancelled, the run is as `more` says. */
async function interruptedAtStart(words: string[], more: FakeTemporal, times: number) {
  const seen = { started: false, cancelled: 0 };
  const startedWhenHit: boolean[] = [];
  const fake: FakeTemporal = {
    endless: true,
    onStart: async () => {
      await sleep(50);
      seen.started = true;
    },
    onCancel: () => {
      seen.cancelled += 1;
      Object.assign(fake, more);
    },
  };
  const services = { connect: async () => fakeContext({ client: fakeClient(fake, []) }) };
  const ended = await run(['refresh', 'trial', ...words], {
    services,
    onListening: (interrupt) => {
      if (startedWhenHit.length === times) return;
      startedWhenHit.push(seen.started);
      interrupt();
    },
  });
  return { ...ended, cancelled: seen.cancelled, startedWhenHit };
}

test('Ctrl-C while the run is being started names it', async () => {
  const { exitCode, stderr, ...seen } = await interruptedAtStart([], {}, 1);
  expect(exitCode).toBe(130);
  expect(seen).toMatchObject({ cancelled: 0, startedWhenHit: [false] });
  expect(stderr).toContain('Come back with: npx watchlake attach refresh/trial\n');
});

test('Ctrl-C while the run is being started cancels it with --cancel-on-exit, and tells how it ended', async () => {
  const failure = new CancelledFailure('Workflow execution cancelled');
  const error = new WorkflowFailedError('cancelled', failure, RetryState.NON_RETRYABLE_FAILURE);
  const more = { endless: false, error };
  const { exitCode, stderr, ...seen } = await interruptedAtStart(['--cancel-on-exit'], more, 1);
  expect(exitCode).toBe(1);
  expect(seen).toMatchObject({ cancelled: 1, startedWhenHit: [false] });
  expect(stderr).toContain('Cancelling refresh/trial');
  expect(stderr).not.toContain('goes on without this command');
});

test('a second Ctrl-C waits for neither the start nor the cancelling', async () => {
  const { exitCode, stderr, ...seen } = await interruptedAtStart(['--cancel-on-exit'], {}, 2);
  expect(exitCode).toBe(130);
  expect(seen).toMatchObject({ cancelled: 0, startedWhenHit: [false, false] });
  expect(stderr).toContain('Come back with: npx watchlake attach refresh/trial\n');
});
