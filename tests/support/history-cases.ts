/** What is recorded for the replay gate: the paths of every workflow that an open run may be on. */
import { CAMPAIGN } from './campaign-history-cases';
import { DEVICES } from './device-history-cases';
import { ERASE } from './erasure-history-cases';
import {
  RUN_COST,
  SUBJECTS,
  cancelled,
  compared,
  comparison,
  five,
  six,
  totals,
  type Activities,
} from './fakes';
import { cancelAfter, casesOf, failing, type HistoryCase, type Stage } from './history-case';
import { JOINING } from './joining-history-cases';

export type { HistoryCase } from './history-case';

const watch = { dataset: 'watch', model: 'activity' };
const loop = {
  ...watch,
  ...{ name: 'demo', source: 'data/sample.zip', labels: 20, answeredBy: 'oracle' as const },
};

const stopAfter = (name: keyof Activities, times: number) => async (stage: Stage) => {
  await stage.called(name, times);
  await stage.client.workflow.getHandle(stage.handle.workflowId).signal('stop');
};

const judgedBy = (...given: Parameters<typeof comparison>) => ({
  compareVersions: async () => compared(comparison(...given)),
});

const ingest = { source: 'data/sample.zip', dataset: 'watch' };

const stedi = {
  ...{ dataset: 'stedi', source: 'data/stedi', format: 'stedi' as const },
  options: { consent: 'any' as const, association: 'timestamp' as const },
};

const INGEST = casesOf('ingest', [
  { name: 'landed', input: ingest, ends: 'COMPLETED' },
  {
    name: 'landed-before',
    input: ingest,
    activities: () => ({
      openArchive: async () => ({
        ...{ ingestId: 'c0ffee', dataset: 'watch', members: 6, batches: 3 },
        ...{ planKey: 'plans/c0ffee.json', alreadyLanded: true },
      }),
    }),
    ends: 'COMPLETED',
  },
  {
    name: 'batch-failed',
    input: ingest,
    activities: () => ({ landBatch: failing('CSV_MALFORMED') }),
    ends: 'FAILED',
  },
]);

const REFRESH = casesOf('refreshTables', [
  { name: 'published', input: { dataset: 'watch' }, ends: 'COMPLETED' },
  {
    name: 'check-failed',
    input: { dataset: 'watch' },
    activities: () => ({ buildTable: failing('CHECK_FAILED') }),
    ends: 'FAILED',
  },
  { name: 'source-landed-first', input: stedi, ends: 'COMPLETED' },
  {
    name: 'source-failed',
    input: stedi,
    activities: () => ({ landBatch: failing('JSON_LINES_UNREADABLE') }),
    ends: 'FAILED',
  },
  {
    name: 'quarantine-replayed',
    input: { dataset: 'stedi', replayQuarantine: true },
    ends: 'COMPLETED',
  },
  {
    name: 'session-ended',
    input: { dataset: 'watch', engine: 'emr' as const },
    activities: () => ({ endSession: async () => RUN_COST }),
    ends: 'COMPLETED',
  },
  {
    name: 'session-cancelled',
    input: { dataset: 'watch', engine: 'emr' as const },
    activities: () => ({ buildTable: cancelled }),
    drive: cancelAfter('buildTable'),
    ends: 'CANCELLED',
  },
]);

const TRAIN = casesOf('trainModel', [
  {
    name: 'first-champion',
    input: { ...watch, subjects: SUBJECTS.bootstrap },
    activities: () => ({ getChampion: async () => null }),
    ends: 'COMPLETED',
  },
  { name: 'champion-stays', input: watch, ends: 'COMPLETED' },
  {
    name: 'another-was-first',
    input: watch,
    activities: () => ({
      getChampion: async () => null,
      moveChampion: async () => ({ version: '7', generation: 1, moved: false }),
    }),
    ends: 'COMPLETED',
  },
  {
    name: 'cancelled',
    input: watch,
    activities: () => ({ trainVersion: cancelled }),
    drive: cancelAfter('trainVersion'),
    ends: 'CANCELLED',
  },
  { name: 'input-wrong', input: { dataset: 'Watch!' }, ends: 'FAILED' },
]);

const SIMULATE = casesOf('simulateDevices', [
  { name: 'sent', input: { name: 'pool', dataset: 'watch', speed: 0 }, ends: 'COMPLETED' },
  {
    name: 'cancelled',
    input: { name: 'pool', dataset: 'watch', subjects: SUBJECTS.stream },
    activities: () => ({ simulate: cancelled }),
    drive: cancelAfter('simulate'),
    ends: 'CANCELLED',
  },
]);

const shortRun = { ...watch, runMinutes: 0.01 };

const PREDICT = casesOf('predictStream', [
  { name: 'stopped', input: watch, drive: stopAfter('runPredictor', 1), ends: 'COMPLETED' },
  {
    name: 'continued',
    input: shortRun,
    drive: stopAfter('runPredictor', 2),
    ends: 'CONTINUED_AS_NEW',
  },
  {
    name: 'stopped-after-continuing',
    input: shortRun,
    drive: stopAfter('runPredictor', 2),
    ends: 'CONTINUED_AS_NEW',
    last: true,
  },
  {
    name: 'worker-died-while-stopping',
    input: watch,
    activities: () => ({
      // Without a heartbeat the server gives it up; the answer comes too late.
      runPredictor: () => new Promise((resolve) => setTimeout(resolve, 20_000, totals(0))),
    }),
    drive: stopAfter('runPredictor', 1),
    ends: 'COMPLETED',
  },
  {
    name: 'failed',
    input: watch,
    activities: () => ({ runPredictor: failing('FEATURE_SCHEMA_DIFFERS') }),
    ends: 'FAILED',
  },
  { name: 'cancelled', input: watch, drive: cancelAfter('runPredictor'), ends: 'CANCELLED' },
]);

const RETRAIN = casesOf('retrain', [
  { name: 'promote', input: watch, ends: 'COMPLETED' },
  {
    name: 'reject',
    input: { ...watch, shuffleLabels: true },
    activities: () => judgedBy({ challenger: six(0.2) }),
    ends: 'COMPLETED',
  },
  { name: 'control-passed', input: { ...watch, shuffleLabels: true }, ends: 'COMPLETED' },
  {
    name: 'need-more-labels',
    input: watch,
    activities: () => judgedBy({ champion: five(0.7), challenger: five(0.8) }),
    ends: 'COMPLETED',
  },
  {
    name: 'lease-held',
    input: watch,
    activities: () => ({
      takeLease: async () => ({ acquired: false, holder: 'retrain/other', expiresAt: '' }),
    }),
    ends: 'COMPLETED',
  },
  {
    name: 'waits-for-another',
    input: { ...watch, waitMinutes: 0.02 },
    activities: () => {
      let looks = 0;
      return {
        takeLease: async ({ holder }) => {
          looks += 1;
          return { acquired: looks > 1, holder: looks > 1 ? holder : 'retrain/b', expiresAt: '' };
        },
      };
    },
    ends: 'COMPLETED',
  },
  {
    name: 'lease-lost',
    input: watch,
    activities: () => ({ compareVersions: failing('LEASE_LOST') }),
    ends: 'COMPLETED',
  },
  {
    name: 'champion-moved',
    input: watch,
    activities: () => ({ moveChampion: failing('ALIAS_MOVED') }),
    ends: 'COMPLETED',
  },
  {
    name: 'cancelled-while-promoting',
    input: watch,
    activities: () => ({
      moveChampion: async ({ to }) => {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        return { version: to, generation: 2, moved: true };
      },
    }),
    drive: cancelAfter('moveChampion'),
    ends: 'COMPLETED',
  },
  {
    name: 'too-few-new-labels',
    input: { ...watch, minimumNewLabels: 25 },
    ends: 'COMPLETED',
  },
  {
    name: 'no-champion',
    input: watch,
    activities: () => ({ requireChampion: failing('NO_CHAMPION') }),
    ends: 'FAILED',
  },
  {
    name: 'cancelled',
    input: watch,
    activities: () => ({ trainVersion: cancelled }),
    drive: cancelAfter('trainVersion'),
    ends: 'CANCELLED',
  },
]);

const LOOP = casesOf('activeLearningLoop', [
  {
    name: 'model-of-other-dataset',
    input: loop,
    activities: () => ({ checkModelDataset: failing('MODEL_OF_OTHER_DATASET') }),
    ends: 'FAILED',
  },
  { name: 'model-checked-first', input: loop, ends: 'COMPLETED' },
  {
    name: 'promote-and-control',
    input: { ...loop, negativeControl: true },
    activities: () => ({
      compareVersions: async ({ run }) =>
        compared(comparison(run.includes('-control') ? { challenger: six(0.2) } : {})),
    }),
    ends: 'COMPLETED',
  },
  {
    name: 'reject',
    input: loop,
    activities: () => judgedBy({ challenger: six(0.6) }),
    ends: 'COMPLETED',
  },
  {
    name: 'champion-scored',
    input: loop,
    activities: () => ({
      takeLease: async () => ({ acquired: false, holder: 'retrain/other', expiresAt: '' }),
    }),
    ends: 'COMPLETED',
  },
  {
    name: 'predictor-failed',
    input: loop,
    activities: () => ({
      runPredictor: failing('FEATURE_SCHEMA_DIFFERS'),
      awaitPredicted: cancelled,
    }),
    ends: 'FAILED',
  },
  {
    name: 'stage-failed',
    input: loop,
    activities: () => ({ openCampaign: failing('DATASET_NOT_FOUND') }),
    ends: 'FAILED',
  },
  {
    name: 'cancelled',
    input: loop,
    activities: () => ({ awaitPredicted: cancelled }),
    drive: async (stage) => {
      await stage.called('runPredictor');
      await cancelAfter('awaitPredicted')(stage);
    },
    ends: 'CANCELLED',
  },
]);

const athena = {
  ...{ sqlKey: 'queries/00000000c0ffee00.sql', database: 'watchlake_watch' },
  workgroup: 'watchlake-research',
};

const ATHENA = casesOf('athenaQuery', [
  { name: 'answered', input: athena, ends: 'COMPLETED' },
  {
    name: 'failed',
    input: athena,
    activities: () => ({ followAthenaQuery: failing('QUERY_FAILED') }),
    ends: 'FAILED',
  },
  {
    name: 'stopped',
    input: athena,
    activities: () => ({ followAthenaQuery: cancelled }),
    drive: cancelAfter('followAthenaQuery'),
    ends: 'CANCELLED',
  },
]);

const environment = { environment: 'research', bucket: 'lake' };

const PROVISION = casesOf('provision', [
  { name: 'planned', input: { ...environment, action: 'plan' }, ends: 'COMPLETED' },
  {
    name: 'applied',
    input: { ...environment, action: 'apply', vpc: 'vpc-0a1b2c3d' },
    ends: 'COMPLETED',
  },
  {
    name: 'foreign',
    input: { ...environment, action: 'apply' },
    activities: () => ({ applyResource: failing('RESOURCE_FOREIGN') }),
    ends: 'FAILED',
  },
  { name: 'destroyed', input: { ...environment, action: 'destroy' }, ends: 'COMPLETED' },
  {
    name: 'destroyed-with-data',
    input: { ...environment, action: 'destroy', deleteData: true },
    ends: 'COMPLETED',
  },
  {
    name: 'holds-data',
    input: { ...environment, action: 'destroy' },
    activities: () => ({ planRemoval: failing('RESOURCE_HOLDS_DATA') }),
    ends: 'FAILED',
  },
]);

export const HISTORY_CASES: readonly HistoryCase[] = [
  ...INGEST,
  ...REFRESH,
  ...JOINING,
  ...TRAIN,
  ...SIMULATE,
  ...PREDICT,
  ...CAMPAIGN,
  ...RETRAIN,
  ...LOOP,
  ...ATHENA,
  ...PROVISION,
  ...ERASE,
  ...DEVICES,
];
