/** The paths of an erasure that are recorded for the replay gate. */
import { casesOf, failing } from './history-case';

const erased = { dataset: 'watch', subject: '00000000000000aa' };

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
    name: 'still-found',
    input: erased,
    activities: () => ({
      taintedVersions: async () => [],
      proveErasure: failing('ERASURE_INCOMPLETE'),
    }),
    ends: 'FAILED',
  },
]);
