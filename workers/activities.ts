/** Which activities each task queue serves, wired to their dependencies. */
import { join } from 'node:path';
import { createAnnotationActivities } from '../activities/annotation-activities';
import { createComparisonActivities } from '../activities/comparison-activities';
import { createIngestActivities } from '../activities/ingest-activities';
import { createInputActivities } from '../activities/input-activities';
import { createLandingActivities } from '../activities/landing-activities';
import { createPredictionSource } from '../activities/prediction-source';
import { createRefreshActivities } from '../activities/refresh-activities';
import { createRegistryActivities } from '../activities/registry-activities';
import { createReportActivities } from '../activities/report-activities';
import { createSampleSource } from '../activities/sample-source';
import { createStreamActivities } from '../activities/stream-activities';
import { createTrainingActivities } from '../activities/training-activities';
import { createWorkflowActivities } from '../activities/workflow-activities';
import { WatchlakeError } from '../core/errors';
import type { TaskQueue } from '../core/task-queues';
import { CODE_VERSION } from '../core/version';
import { readClassifier } from '../lakehouse/model-artefacts';
import { labelsOfWindows } from '../lakehouse/samples';
import { loadClassifier } from '../models/classifier';
import { CHAMPION } from '../registry/aliases';
import type { Config } from './config';
import type { Dependencies } from './dependencies';
import { readState } from './state';

/** Everything that workflows may call on the queue, by activity name. */
export function activitiesOf(queue: TaskQueue, dependencies: Dependencies): object {
  return ACTIVITIES[queue](dependencies);
}

/** By task queue; a test pins the names, which have to be unique over all of them. */
const ACTIVITIES: Record<TaskQueue, (dependencies: Dependencies) => object> = {
  orchestration: (all) => ({
    ...createInputActivities(),
    ...createRegistryActivities(all),
    ...createWorkflowActivities(all),
    ...pick(annotationActivities(all), ['campaignProgress', 'closeCampaign', 'answerAsOracle']),
    ...pick(createComparisonActivities(all), ['countNewLabels']),
    ...pick(streamActivities(all), ['prepareTopics', 'announceChampion']),
  }),
  data: (all) => ({
    ...createIngestActivities({
      lake: all.lake,
      subjectKey: all.pseudonymKey,
      source: {
        limits: { memberBytes: all.config.ARCHIVE_LIMIT_BYTES },
        spoolFolder: join(all.config.WATCHLAKE_HOME, 'downloads'),
      },
    }),
    ...createRefreshActivities(all),
    ...createLandingActivities(all),
    ...createReportActivities({
      lake: all.lake,
      codeVersion: CODE_VERSION,
      temporalUi: async () => all.addresses.temporal.uiUrl,
    }),
    ...pick(annotationActivities(all), ['openCampaign']),
    ...pick(trainingActivities(all), ['drawSubjects']),
  }),
  training: (all) => ({
    ...pick(trainingActivities(all), ['freezeTrainingSet', 'trainVersion']),
    ...pick(createComparisonActivities(all), ['compareVersions']),
  }),
  streaming: (all) =>
    pick(streamActivities(all), ['runPredictor', 'simulate', 'awaitPredicted', 'awaitChampion']),
};

const pick = <T extends object, K extends keyof T>(all: T, names: readonly K[]): Pick<T, K> =>
  Object.fromEntries(names.map((name) => [name, all[name]])) as Pick<T, K>;

const trainingActivities = (all: Dependencies) =>
  createTrainingActivities({ ...all, codeVersion: CODE_VERSION });

const annotationActivities = (all: Dependencies) =>
  createAnnotationActivities({
    annotation: all.annotation,
    predictions: createPredictionSource(all.lake),
    oracle: { labelsOf: (query) => labelsOfWindows(all.lake, query) },
    appUrl: () => appUrl(all.config),
    appToken: all.config.WATCHLAKE_APP_TOKEN,
  });

const streamActivities = (all: Dependencies) =>
  createStreamActivities({
    broker: all.broker,
    topics: all.topics,
    topicShape: {
      partitions: all.config.KAFKA_PARTITIONS,
      replicationFactor: all.config.KAFKA_REPLICATION,
    },
    loadChampion: (model) => loadChampion(all, model),
    source: createSampleSource(all.lake),
    candidates: {
      threshold: all.config.LABEL_CONFIDENCE,
      auditShare: all.config.LABEL_AUDIT_SHARE,
      seed: all.config.LABEL_SEED,
    },
  });

async function loadChampion({ registry, lake }: Dependencies, model: string) {
  const alias = await registry.getAlias({ model, alias: CHAMPION });
  if (alias === null) throw new WatchlakeError('NO_CHAMPION', { model });
  const { version, artefactUri } = await registry.getVersion({ model, version: alias.version });
  return {
    version,
    classifier: await loadClassifier(await readClassifier(lake.store, artefactUri)),
  };
}

/** The page may have restarted on another port: asked for anew each time. */
async function appUrl(config: Config): Promise<string> {
  const url = config.WATCHLAKE_APP_URL ?? (await readState(config.WATCHLAKE_HOME))?.app.url;
  if (url === undefined)
    throw new WatchlakeError('STACK_NOT_RUNNING', { what: 'The application page' });
  return url;
}
