/** The paths of an erasure that are recorded for the replay gate. */
import { TASK_QUEUES } from '../../core/task-queues';
import type { Activities } from './fakes';
import { casesOf, failing } from './history-case';

const erased = { dataset: 'watch', subject: '00000000000000aa' };

/** A champion whose retraining runs already when the erasure comes to it. */
const retrainsBeside = (): Partial<Activities> => {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  let end = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  return {
    freezeTrainingSet: async () => {
      begin();
      await ended;
      return { snapshotId: 's', rows: 1, subjects: 1, staleLabels: 0 };
    },
    taintedVersions: async () => {
      await begun;
      return [{ model: 'beside', version: '1', dataset: 'watch', seed: 7, isChampion: true }];
    },
    proveErasure: async ({ subject }) => {
      end();
      return { proof: `proofs/erasure/${subject}/0123456789abcdef.json`, scanned: {}, waiting: 0 };
    },
  };
};

export const ERASE = casesOf('eraseSubject', [
  { name: 'proved', input: erased, ends: 'COMPLETED' },
  {
    name: 'never-built',
    input: erased,
    activities: () => ({
      rewriteLanding: async () => ({ rows: { customer_landing: 1 }, refresh: null }),
      taintedVersions: async () => [],
    }),
    ends: 'COMPLETED',
  },
  {
    name: 'retrains-after-another',
    input: erased,
    activities: retrainsBeside,
    drive: async ({ client, called }) => {
      await called('suppressSubject');
      await client.workflow.start('retrain', {
        ...{ workflowId: 'retrain/beside', taskQueue: TASK_QUEUES.orchestration },
        args: [{ dataset: 'watch', model: 'beside' }],
      });
    },
    ends: 'COMPLETED',
  },
  {
    name: 'still-found',
    input: erased,
    activities: () => ({
      taintedVersions: async () => [],
      proveErasure: failing('ERASURE_INCOMPLETE'),
    }),
    ends: 'FAILED',
  },
]);
