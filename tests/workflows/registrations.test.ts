/** Pins what is registered: workflows, activities and schedules, each under one name. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WORKFLOW_INPUTS } from '../../activities/inputs';
import { PROJECT_ROOT } from '../../core/project-root';
import { readDeclarations } from '../../workers/schedules';
import * as workflows from '../../workflows';

type Factory = (dependencies: object) => Record<string, unknown>;

/** The activities of every factory; a factory needs its dependencies only when an activity runs. */
function activitiesByFactory(): Record<string, string[]> {
  const folder = join(PROJECT_ROOT, 'activities');
  const files = readdirSync(folder).filter((file) => file.endsWith('-activities.ts'));
  const factories = files.flatMap((file) => {
    const exported = jest.requireActual<Record<string, unknown>>(join(folder, file));
    return Object.entries(exported).filter(([name]) => /^create\w+Activities$/.test(name));
  });
  return Object.fromEntries(
    factories.map(([name, create]) => [name, Object.keys((create as Factory)({})).sort()]),
  );
}

test('registers these workflows and no other', () => {
  expect(Object.keys(workflows).sort()).toEqual([
    'activeLearningLoop',
    'aggregateDevices',
    'annotationCampaign',
    'athenaQuery',
    'eraseSubject',
    'ingest',
    'landDeviceEvents',
    'predictStream',
    'provision',
    'refreshTables',
    'retrain',
    'simulateDevices',
    'trainModel',
  ]);
});

test('knows the input of every workflow', () => {
  expect(Object.keys(WORKFLOW_INPUTS).sort()).toEqual(Object.keys(workflows).sort());
});

test('registers these activities and no other', () => {
  expect(activitiesByFactory()).toEqual({
    createAnnotationActivities: [
      'answerAsOracle',
      'campaignProgress',
      'closeCampaign',
      'openCampaign',
    ],
    createAthenaActivities: [
      'followAthenaQuery',
      'forgetQuery',
      'startAthenaQuery',
      'stopAthenaQuery',
    ],
    createComparisonActivities: ['compareVersions', 'countNewLabels', 'scoreChampion'],
    createDeviceAggregateActivities: ['aggregatePeriods', 'maintainPartitions', 'planAggregation'],
    createDeviceLandingActivities: ['landEvents', 'prepareDeviceTopics', 'removeSuperseded'],
    createErasureActivities: [
      'awaitWriters',
      'eraseMessages',
      'eraseRecords',
      'findSubject',
      'proveErasure',
      'removeHoldings',
      'rewriteLanding',
      'rewriteModelTables',
      'suppressSubject',
      'taintedVersions',
    ],
    createIngestActivities: [
      'identifySource',
      'landBatch',
      'openArchive',
      'publishLanding',
      'replayQuarantine',
    ],
    createInputActivities: ['validateInput'],
    createLandingActivities: ['landPredictions', 'publishLabels'],
    createProvisionActivities: [
      'applyResource',
      'emptyBucket',
      'planProvision',
      'planRemoval',
      'removeResource',
    ],
    createRefreshActivities: ['buildTable', 'endSession', 'planRefresh', 'publishRelease'],
    createRegistryActivities: [
      'checkModelDataset',
      'getChampion',
      'moveChampion',
      'recordVerdict',
      'requireChampion',
      'returnLease',
      'takeLease',
    ],
    createReportActivities: ['writeReport'],
    createStreamActivities: [
      'announceChampion',
      'awaitChampion',
      'awaitPredicted',
      'prepareTopics',
      'runPredictor',
      'simulate',
    ],
    createTrainingActivities: ['drawSubjects', 'freezeTrainingSet', 'trainVersion'],
    createWorkflowActivities: ['awaitWorkflow'],
  });
});

test('gives no two activities the same name: the later would overwrite the earlier', () => {
  const names = Object.values(activitiesByFactory()).flat();
  expect(names.length).toBeGreaterThan(30);
  expect(new Set(names).size).toBe(names.length);
});

test('registers no activity that no workflow calls', () => {
  const folder = join(PROJECT_ROOT, 'workflows');
  const code = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  const words = new Set(code.join(' ').match(/\w+/g));
  const names = Object.values(activitiesByFactory()).flat();
  expect(names.filter((name) => !words.has(name))).toEqual([]);
});

test('a list that is missing, or no YAML, is refused by its name', async () => {
  const missing = join(PROJECT_ROOT, 'no-such-schedules.yaml');
  await expect(readDeclarations(missing)).rejects.toThrow(/no-such-schedules\.yaml/);
  const prose = join(PROJECT_ROOT, 'Dockerfile');
  await expect(readDeclarations(prose)).rejects.toThrow(/Dockerfile/);
});

test('a field that no workflow knows is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchlake-schedules-'));
  const file = join(folder, 'schedules.yaml');
  const input = { dataset: 'watch', minimumNewLabel: 1 };
  writeFileSync(
    file,
    JSON.stringify([{ id: 'again', workflow: 'retrain', every: '1 day', input }]),
  );
  try {
    await expect(readDeclarations(file)).rejects.toThrow(
      'again: Unrecognized key: "minimumNewLabel"',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a campaign on a schedule has no fixed name: its second run would ask nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchlake-schedules-'));
  const file = join(folder, 'schedules.yaml');
  const declaring = (input: object) => {
    const list = [{ id: 'labels', workflow: 'annotationCampaign', every: '7 days', input }];
    writeFileSync(file, JSON.stringify(list));
    return readDeclarations(file);
  };
  try {
    await expect(declaring({ dataset: 'watch' })).resolves.toHaveLength(1);
    await expect(declaring({ dataset: 'watch', campaign: 'one' })).rejects.toThrow(/leave it out/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('declares these schedules and no other', async () => {
  const declarations = await readDeclarations(join(PROJECT_ROOT, 'schedules.yaml'));
  expect(declarations.map(({ id, workflow, every }) => [id, workflow, every])).toEqual([
    ['retrain-activity', 'retrain', '1 day'],
    ['labels-activity', 'annotationCampaign', '7 days'],
    ['refresh-watch-exercises', 'refreshTables', '1 hour'],
    ['land-devices', 'landDeviceEvents', '5 minutes'],
    ['aggregate-devices-day', 'aggregateDevices', '1 hour'],
    ['aggregate-devices-week', 'aggregateDevices', '1 day'],
    ['aggregate-devices-month', 'aggregateDevices', '1 day'],
  ]);
});
