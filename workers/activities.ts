/** Which activities each task queue serves, wired to their dependencies. */
import { createAnnotationActivities } from '../activities/annotation-activities';
import { createAthenaActivities } from '../activities/athena-activities';
import { championNumber, loadChampion } from '../activities/champion';
import { createComparisonActivities } from '../activities/comparison-activities';
import { createDeviceAggregateActivities } from '../activities/device-aggregate-activities';
import { createDeviceLandingActivities } from '../activities/device-landing-activities';
import { createErasureActivities, type ErasureDeps } from '../activities/erasure-activities';
import { createIngestActivities } from '../activities/ingest-activities';
import { createInputActivities } from '../activities/input-activities';
import { createLandingActivities } from '../activities/landing-activities';
import { createOpenRuns } from '../activities/open-runs';
import { createPredictionSource } from '../activities/prediction-source';
import { createProvisionActivities } from '../activities/provision-activities';
import { createRefreshActivities } from '../activities/refresh-activities';
import { createRegistryActivities } from '../activities/registry-activities';
import { createReportActivities } from '../activities/report-activities';
import { createSampleSource } from '../activities/sample-source';
import { createStreamActivities } from '../activities/stream-activities';
import { createTrainingActivities } from '../activities/training-activities';
import { createWorkflowActivities } from '../activities/workflow-activities';
import { WatchlakeError } from '../core/errors';
import type { TaskQueue } from '../core/task-queues';
import { buildVersion, CODE_VERSION } from '../core/version';
import { createDeviceTables } from '../devices/devices';
import { removedStreams } from '../lakehouse/removed-streams';
import { labelsOfWindows } from '../lakehouse/samples';
import type { Config } from './config';
import { topicShape, type Dependencies } from './dependencies';
import { athenaTraces } from '../lakehouse/engines/athena-traces';
import { athenaClient } from './athena';
import { sourceOptions, spoolFolder } from './sources';
import { readState } from './state';

/** Everything that workflows may call on the queue, by activity name. */
export function activitiesOf(queue: TaskQueue, dependencies: Dependencies): object {
  return ACTIVITIES[queue](dependencies);
}

/** By task queue; a test pins the names, which have to be unique over all of them. */
const ACTIVITIES: Record<TaskQueue, (dependencies: Dependencies) => object> = {
  orchestration: (all) => ({
    ...createInputActivities(),
    ...createRegistryActivities({ ...all, isOpen: createOpenRuns(all.client) }),
    ...createWorkflowActivities(all),
    ...createAthenaActivities({ lake: all.lake, athena: athenaClient }),
    ...createProvisionActivities({ aws: {} }),
    ...pick(erasureActivities(all), ['suppressSubject', 'eraseRecords', 'taintedVersions']),
    ...pick(annotationActivities(all), ['campaignProgress', 'closeCampaign', 'answerAsOracle']),
    ...pick(comparisonActivities(all), ['countNewLabels']),
    ...pick(streamActivities(all), ['prepareTopics', 'announceChampion']),
    ...pick(deviceLandingActivities(all), ['prepareDeviceTopics']),
    ...pick(deviceAggregateActivities(all), ['maintainPartitions']),
  }),
  data: (all) => ({
    ...createIngestActivities({
      lake: all.lake,
      subjectKey: all.pseudonymKey,
      suppression: all.consent,
      source: sourceOptions(all.config),
    }),
    ...createRefreshActivities(all),
    ...createLandingActivities({ ...all, suppression: all.consent }),
    ...pick(deviceLandingActivities(all), ['landEvents', 'removeSuperseded']),
    ...pick(deviceAggregateActivities(all), ['planAggregation', 'aggregatePeriods']),
    ...pick(erasureActivities(all), DATA_OF_ERASURE),
    ...createReportActivities({
      lake: all.lake,
      codeVersion: CODE_VERSION,
      temporalUi: async () => all.addresses.temporal.uiUrl,
      temporalNamespace: all.config.TEMPORAL_NAMESPACE,
    }),
    ...pick(annotationActivities(all), ['openCampaign']),
    ...pick(trainingActivities(all), ['drawSubjects']),
  }),
  training: (all) => ({
    ...pick(trainingActivities(all), ['freezeTrainingSet', 'trainVersion']),
    ...pick(comparisonActivities(all), ['compareVersions', 'scoreChampion']),
  }),
  streaming: (all) =>
    pick(streamActivities(all), ['runPredictor', 'simulate', 'awaitPredicted', 'awaitChampion']),
};

const pick = <T extends object, K extends keyof T>(all: T, names: readonly K[]): Pick<T, K> =>
  Object.fromEntries(names.map((name) => [name, all[name]])) as Pick<T, K>;

const deviceLandingActivities = (all: Dependencies) =>
  createDeviceLandingActivities({
    ...all,
    topicShape: topicShape(all.config),
    suppression: all.consent,
  });

const deviceAggregateActivities = ({ lake, pool }: Dependencies) =>
  createDeviceAggregateActivities({ lake, devices: createDeviceTables(pool) });

const comparisonActivities = (all: Dependencies) =>
  createComparisonActivities({ ...all, suppression: all.consent });

const DATA_OF_ERASURE = [
  'awaitWriters',
  'findSubject',
  'rewriteLanding',
  'rewriteModelTables',
  'eraseMessages',
  'removeHoldings',
  'proveErasure',
] as const;

/** Without tables in Glue there is nothing that Athena could have been asked. */
const athenaSearch = ({ config }: Dependencies): ErasureDeps['athena'] =>
  config.CATALOG !== 'glue'
    ? undefined
    : (needles, signal) => {
        const { ATHENA_WORKGROUP: workgroup, LAKE_URI: lakeUri } = config;
        return athenaTraces(athenaClient(), { workgroup, lakeUri, needles, signal });
      };

const erasureActivities = (all: Dependencies) =>
  createErasureActivities({
    ...all,
    devices: createDeviceTables(all.pool),
    athena: athenaSearch(all),
    secret: all.pseudonymKey,
    spoolFolder: spoolFolder(all.config),
    topicShape: topicShape(all.config),
  });

const trainingActivities = (all: Dependencies) =>
  createTrainingActivities({ ...all, suppression: all.consent, codeVersion: buildVersion() });

const annotationActivities = (all: Dependencies) =>
  createAnnotationActivities({
    annotation: all.annotation,
    registry: all.registry,
    suppression: all.consent,
    predictions: createPredictionSource(all.lake),
    oracle: { labelsOf: (query) => labelsOfWindows(all.lake, query) },
    appUrl: () => appUrl(all.config),
    appToken: all.config.WATCHLAKE_APP_TOKEN,
  });

const streamActivities = (all: Dependencies) =>
  createStreamActivities({
    broker: all.broker,
    topics: all.topics,
    topicShape: topicShape(all.config),
    loadChampion: (model) => loadChampion(all, model),
    championVersion: (model) => championNumber(all, model),
    source: createSampleSource(all.lake),
    removedStreams: (dataset) => removedStreams(all.lake.store, dataset),
    suppression: all.consent,
    candidates: {
      threshold: all.config.LABEL_CONFIDENCE,
      auditShare: all.config.LABEL_AUDIT_SHARE,
      seed: all.config.LABEL_SEED,
    },
  });

/** The page may have restarted on another port: asked for anew each time. */
async function appUrl(config: Config): Promise<string> {
  const url = config.WATCHLAKE_APP_URL ?? (await readState(config.WATCHLAKE_HOME))?.app.url;
  if (url === undefined)
    throw new WatchlakeError('STACK_NOT_RUNNING', { what: 'The application page' });
  return url;
}
