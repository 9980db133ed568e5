/** Fakes of all activities, typed by the real ones: a small world in which everything goes well. */
import { Context } from '@temporalio/activity';
import type { AnnotationActivities, CampaignState } from '../../activities/annotation-activities';
import type { AthenaActivities } from '../../activities/athena-activities';
import type { ComparisonActivities } from '../../activities/comparison-activities';
import type {
  AggregatedPeriods,
  DeviceAggregateActivities,
} from '../../activities/device-aggregate-activities';
import type {
  DeviceLandingActivities,
  LandedEvents,
} from '../../activities/device-landing-activities';
import type { ErasureActivities } from '../../activities/erasure-activities';
import type { IngestActivities } from '../../activities/ingest-activities';
import { createInputActivities, type InputActivities } from '../../activities/input-activities';
import type { LandedTable, LandingActivities } from '../../activities/landing-activities';
import type { ProvisionActivities } from '../../activities/provision-activities';
import type { RefreshActivities } from '../../activities/refresh-activities';
import type { RegistryActivities } from '../../activities/registry-activities';
import type { ReportActivities } from '../../activities/report-activities';
import type { StreamActivities } from '../../activities/stream-activities';
import type { TrainingActivities } from '../../activities/training-activities';
import type { WorkflowActivities } from '../../activities/workflow-activities';
import type { Comparison, Scorecard } from '../../models/promotion';

export type Activities = InputActivities &
  WorkflowActivities &
  IngestActivities &
  RefreshActivities &
  LandingActivities &
  TrainingActivities &
  ComparisonActivities &
  RegistryActivities &
  StreamActivities &
  AnnotationActivities &
  AthenaActivities &
  ProvisionActivities &
  ErasureActivities &
  DeviceLandingActivities &
  DeviceAggregateActivities &
  ReportActivities;

export const SUBJECTS = {
  bootstrap: ['00000000000000b1'],
  stream: ['00000000000000c1', '00000000000000c2', '00000000000000c3'],
  holdout: ['d1', 'd2', 'd3', 'd4', 'd5', 'd6'].map((key) => key.padStart(16, '0')),
};

const CHAMPION = '1';
const CHALLENGER = '2';
const TASKS = 20;

/** How the six subjects of the holdout score with a version. */
function scorecard(version: string, macroF1s: readonly number[]): Scorecard {
  return {
    version,
    featureSchema: 'f00d',
    bySubject: macroF1s.map((macroF1, index) => ({
      subject: SUBJECTS.holdout[index] ?? String(index),
      windows: 50,
      macroF1,
    })),
    perClass: ['walk', 'rest'].map((label) => ({ label, recall: 0.9, support: 150 })),
    calibrationError: 0.03,
  };
}

/** What the gate is given; the challenger is better on every subject unless told otherwise. */
export function comparison(
  macroF1: { champion?: number[]; challenger?: number[] } = {},
  more: Partial<Comparison> = {},
): Comparison {
  const { champion = six(0.7), challenger = six(0.8) } = macroF1;
  return {
    champion: scorecard(CHAMPION, champion),
    challenger: scorecard(CHALLENGER, challenger),
    audit: { labels: 40, championAccuracy: 0.7, challengerAccuracy: 0.8 },
    withdrawnSubjects: 0,
    holdoutUses: 1,
    ...more,
  };
}

export const six = (value: number): number[] => Array<number>(6).fill(value);
export const five = (value: number): number[] => Array<number>(5).fill(value);

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const shortScore = ({ version, bySubject }: Scorecard) => ({
  version,
  accuracy: mean(bySubject.map(({ macroF1 }) => macroF1)),
  macroF1: mean(bySubject.map(({ macroF1 }) => macroF1)),
});

/** The answer of `compareVersions` to these figures. */
export const compared = (figures: Comparison) => ({
  key: 'comparisons/activity/1-2-abcd.json',
  figures,
  champion: shortScore(figures.champion),
  challenger: shortScore(figures.challenger),
});

export const campaignState = (more: Partial<CampaignState> = {}): CampaignState => ({
  campaign: 'demo',
  dataset: 'watch',
  model: 'activity',
  status: 'open',
  target: TASKS,
  tasks: TASKS,
  open: 0,
  leased: 0,
  answered: TASKS,
  labelled: TASKS,
  skipped: 0,
  labels: { uncertain: 17, audit: 3 },
  byOracle: 0,
  openedAt: '2026-01-01T00:00:00.000Z',
  lastAnswerAt: null,
  ...more,
});

const landed = (table: string, rows: number): LandedTable => {
  const snapshotId = `${table}-1`;
  const summary = { snapshotId, rows, reused: false, firstProblems: [] };
  const tables = { [table]: { ...summary, quarantined: {}, dropped: {} } };
  return { table, snapshotId, rows, tables };
};

export const totals = (predicted: number) => ({
  version: CHAMPION,
  predicted,
  late: 0,
  deadLettered: 0,
});

const HEARTBEAT_MS = 30;

/** Lives like a long activity until it is cancelled. */
export async function untilCancelled(): Promise<void> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    await context.cancelled.catch(() => undefined);
  } finally {
    clearInterval(beat);
  }
}

/** Lives until it is cancelled, and has then nothing to show for it. */
export async function cancelled(): Promise<never> {
  await untilCancelled();
  return Context.current().cancelled;
}

const ingestFakes: IngestActivities = {
  identifySource: async () => ({ sourceHash: 'c0ffee' }),
  openArchive: async ({ dataset }) => ({
    ingestId: 'c0ffee',
    dataset,
    members: 6,
    bytes: 900,
    batches: 3,
    planKey: 'plans/c0ffee.json',
    alreadyLanded: false,
  }),
  landBatch: async () => ({ members: 2, rows: 100, bytes: 300 }),
  publishLanding: async () => ({
    table: 'recordings_landing',
    snapshotId: 'landing-1',
    rows: 300,
    members: 6,
    quarantined: {},
  }),
  replayQuarantine: async () => ({
    customer_landing: {
      ...{ snapshotId: 'landing-2', rows: 300, quarantined: { 'wrong-type': 1 } },
      ...{ dropped: {}, firstProblems: [], reused: false },
    },
  }),
};

const refreshFakes: RefreshActivities = {
  planRefresh: async ({ dataset }) => ({
    dataset,
    stages: [{ tables: ['recordings_trusted'] }, { tables: ['windows', 'window_features'] }],
    planKey: 'plans/refresh.json',
    replaces: { recordings_trusted: 3 },
  }),
  buildTable: async ({ table }) => ({
    table,
    snapshotId: `${table}-1`,
    reused: false,
    rows: 280,
    quarantined: { 'value-out-of-range': 20 },
    dropped: {},
    firstProblems: [],
  }),
  endSession: async () => null,
  publishRelease: async ({ snapshots }) => ({ releaseId: 'release-1', tables: snapshots }),
};

export const RUN_COST = {
  ...{ what: 'j-1: 2 instances', seconds: 1200, costUsd: 0.09, pricesOf: '2026-05-31' },
};

const trainingFakes: TrainingActivities = {
  drawSubjects: async () => SUBJECTS,
  freezeTrainingSet: async () => ({
    ...{ snapshotId: 'training-1', rows: 280, subjects: 4, staleLabels: 0 },
  }),
  trainVersion: async ({ scheme }) => ({
    version: scheme === 'none' ? CHALLENGER : CHAMPION,
    evaluation:
      scheme === 'none'
        ? null
        : {
            scheme,
            windows: 280,
            accuracy: 0.9,
            macroF1: 0.88,
            worstSubject: { subject: '00000000000000b1', accuracy: 0.8 },
          },
  }),
};

const registryFakes: RegistryActivities & ComparisonActivities = {
  getChampion: async () => ({ version: CHAMPION, generation: 1 }),
  checkModelDataset: async () => undefined,
  requireChampion: async () => ({ version: CHAMPION, generation: 1 }),
  moveChampion: async ({ to }) => ({ version: to, generation: 2, moved: true }),
  takeLease: async ({ holder }) => ({
    acquired: true,
    holder,
    expiresAt: '2026-01-01T06:00:00.000Z',
  }),
  returnLease: async () => ({ released: true }),
  recordVerdict: async () => ({ recorded: true }),
  countNewLabels: async () => ({ labels: TASKS }),
  compareVersions: async () => compared(comparison()),
  scoreChampion: async () => ({
    key: 'scores/activity/1-abcd.json',
    champion: { version: CHAMPION, accuracy: 0.7, macroF1: 0.7 },
  }),
};

const streamFakes: StreamActivities = {
  prepareTopics: async () => ({ topics: ['watch.samples'] }),
  runPredictor: async () => {
    await untilCancelled();
    return totals(700);
  },
  simulate: async () => ({ batches: 30, samples: 3000, devices: 2, lastOffsets: { '0': '29' } }),
  awaitPredicted: async () => ({}),
  announceChampion: async () => ({}),
  awaitChampion: async () => ({}),
};

const annotationFakes: AnnotationActivities = {
  openCampaign: async () => ({ tasks: TASKS, uncertain: 17, audit: 3 }),
  campaignProgress: async () => campaignState(),
  answerAsOracle: async () => campaignState(),
  closeCampaign: async () => campaignState({ status: 'closed' }),
};

const athenaFakes: AthenaActivities = {
  startAthenaQuery: async () => ({ executionId: 'query-1' }),
  followAthenaQuery: async () => ({ scannedBytes: 20e6, costUsd: 0.0001, milliseconds: 900 }),
  stopAthenaQuery: async () => ({ stopped: true }),
  forgetQuery: async () => ({ forgotten: true }),
};

export const RESOURCES = [
  { kind: 'bucket', name: 'lake' },
  { kind: 'role', name: 'watchlake-research-glue' },
  { kind: 'workgroup', name: 'watchlake-research' },
] as const;

const provisionFakes: ProvisionActivities = {
  planProvision: async () => ({
    account: '123456789012',
    region: 'eu-central-1',
    resources: RESOURCES.map((each) => ({ ...each, action: 'create' as const, changes: [] })),
  }),
  applyResource: async ({ resource }) => ({ ...resource, action: 'create', changes: [] }),
  planRemoval: async () => [...RESOURCES].reverse(),
  emptyBucket: async () => ({ versions: 12 }),
  removeResource: async () => ({ removed: true, versions: 0 }),
};

const erasureFakes: ErasureActivities = {
  suppressSubject: async () => ({ keys: 2 }),
  awaitWriters: async () => ({}),
  findSubject: async () => ({ rows: { customer_landing: 1 }, shared: 0 }),
  rewriteLanding: async () => ({
    rows: { customer_landing: 1, accelerometer_landing: 40 },
    refresh: { dataset: 'watch' },
  }),
  eraseRecords: async () => ({ labels: 2, tasks: 3, splits: 1, records: 1 }),
  rewriteModelTables: async () => ({ predictions: 12, labelled_windows: 2 }),
  eraseMessages: async () => [
    { topic: 'watch.samples', removed: 9, kept: 0, retentionMs: 604_800_000 },
  ],
  removeHoldings: async () => ({ snapshots: 4, objects: 20, bytes: 1_000, rewritten: 1 }),
  taintedVersions: async () => [
    { model: 'activity', version: '1', dataset: 'watch', seed: 7, isChampion: false },
    { model: 'activity', version: '2', dataset: 'watch', seed: 7, isChampion: true },
  ],
  proveErasure: async ({ subject }) => ({
    proof: `proofs/erasure/${subject}/0123456789abcdef.json`,
    scanned: { objects: 30, bytes: 5_000, databaseRows: 100, messages: 50 },
    waiting: 0,
  }),
};

export const landedEvents = (more: Partial<LandedEvents> = {}): LandedEvents => ({
  ...{ snapshotId: 'events-1', messages: 100, rows: 90, duplicates: 6, withdrawn: 0 },
  ...{ rejected: { 'not-json': 4 }, late: 2, skippedOffsets: 0, dates: 2, tableRows: 900 },
  ...{ more: false, lag: 0 },
  ...more,
});

export const aggregatedPeriods = (more: Partial<AggregatedPeriods> = {}): AggregatedPeriods => ({
  ...{ periods: 2, people: 40, written: 30, deleted: 1, notKept: 0 },
  ...{ files: 3, bytes: 9_000, rows: 800 },
  ...more,
});

const deviceFakes: DeviceLandingActivities & DeviceAggregateActivities = {
  maintainPartitions: async () => ({ created: ['daily_aggregates_2026_03'], detached: [] }),
  planAggregation: async () => ({
    ...{ batches: [['2026-03-01', '2026-03-02'], ['2026-03-03']], periods: 3 },
    ...{ more: false, unassigned: 5 },
  }),
  aggregatePeriods: async ({ periods }) => aggregatedPeriods({ periods: periods.length }),
  prepareDeviceTopics: async () => ({}),
  landEvents: async () => landedEvents(),
  removeSuperseded: async () => ({ snapshots: 3, bytes: 5_000 }),
};

/** Everything goes well; a test replaces what it is about. */
export const happyActivities = (): Activities => ({
  ...createInputActivities(),
  ...ingestFakes,
  ...refreshFakes,
  ...trainingFakes,
  ...registryFakes,
  ...streamFakes,
  ...annotationFakes,
  ...athenaFakes,
  ...provisionFakes,
  ...erasureFakes,
  ...deviceFakes,
  landPredictions: async () => landed('predictions', 700),
  publishLabels: async () => landed('labelled_windows', TASKS),
  writeReport: async ({ name }) => ({
    uri: `reports/${name}.html`,
    latestUri: 'reports/latest.html',
  }),
  awaitWorkflow: async () => null,
});
