/** What each state of a step or a job run means for whoever waits for it. */
import { JobRunState } from '@aws-sdk/client-glue';
import { ClusterState, StepState } from '@aws-sdk/client-emr';
import { classifyStepState, isClusterEnded } from '../../../../lakehouse/engines/jobs/job-state';

test.each([
  ['PENDING', 'wait'],
  ['CANCEL_PENDING', 'wait'],
  ['RUNNING', 'wait'],
  ['COMPLETED', 'done'],
  ['CANCELLED', 'stopped'],
  ['FAILED', 'failed'],
  ['INTERRUPTED', 'lost'],
  ['STARTING', 'wait'],
  ['STOPPING', 'wait'],
  ['STOPPED', 'stopped'],
  ['SUCCEEDED', 'done'],
  ['TIMEOUT', 'stopped'],
  ['ERROR', 'lost'],
  ['EXPIRED', 'lost'],
  ['WAITING', 'wait'],
])('%s: %s', (state, verdict) => {
  expect(classifyStepState({ state })).toBe(verdict);
});

test('knows every state that the services have', () => {
  const known = [...Object.values(StepState), ...Object.values(JobRunState)];
  const verdicts = known.map((state) => [state, classifyStepState({ state })]);
  const waiting = verdicts.filter(([, verdict]) => verdict === 'wait').map(([state]) => state);
  const live = ['PENDING', 'CANCEL_PENDING', 'RUNNING', 'STARTING', 'STOPPING', 'WAITING'];
  expect([...new Set(waiting)].sort()).toEqual(live.sort());
});

test('whatever has not completed is lost with its cluster', () => {
  for (const cluster of Object.values(ClusterState)) {
    const ended = isClusterEnded(cluster);
    expect(classifyStepState({ state: 'RUNNING', cluster })).toBe(ended ? 'lost' : 'wait');
    expect(classifyStepState({ state: 'FAILED', cluster })).toBe(ended ? 'lost' : 'failed');
    expect(classifyStepState({ state: 'COMPLETED', cluster })).toBe('done');
  }
});

test('waits in a state that nobody knows', () => {
  expect(classifyStepState({ state: 'RESTING' })).toBe('wait');
});
