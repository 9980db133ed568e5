/**
 * The main job: recordings in, a classifier out that people have made better.
 *
 * ingest → refresh → first champion → live stream → labels → retrain → the new champion predicts.
 */
import { patched, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ComparisonActivities } from '../activities/comparison-activities';
import type { IngestActivities } from '../activities/ingest-activities';
import type { LandingActivities } from '../activities/landing-activities';
import type { RegistryActivities } from '../activities/registry-activities';
import type { ReportActivities } from '../activities/report-activities';
import type { StreamActivities } from '../activities/stream-activities';
import type { TrainingActivities } from '../activities/training-activities';
import type { ValidInput, WorkflowInput } from '../activities/inputs';
import { counted, duration } from '../core/figures';
import { workflowIds } from '../core/workflow-ids';
import { annotationCampaign, type CampaignResult } from './annotation-campaign';
import { runChild } from './children';
import { ingest, type IngestResult } from './ingest';
import { whilePredicting } from './live-predictor';
import { DATA, SHORT, TRAINING, WAITING } from './profiles';
import { tagRun, trackProgress } from './progress';
import { refreshTables, type RefreshResult, type TableSummary } from './refresh-tables';
import { retrain, type RetrainResult } from './retrain';
import { runReference } from './run-reference';
import { simulateDevices } from './simulate-devices';
import { trainModel } from './train-model';
import { validated } from './validate';

const { identifySource } = proxyActivities<IngestActivities>(DATA);
const { drawSubjects } = proxyActivities<TrainingActivities>(DATA);
const { landPredictions } = proxyActivities<LandingActivities>(DATA);
const { prepareTopics, announceChampion } = proxyActivities<StreamActivities>(SHORT);
const { awaitPredicted, awaitChampion } = proxyActivities<StreamActivities>(WAITING);
const { scoreChampion } = proxyActivities<ComparisonActivities>(TRAINING);
const { checkModelDataset } = proxyActivities<RegistryActivities>(SHORT);
const { writeReport } = proxyActivities<ReportActivities>(DATA);

export interface LoopResult {
  name: string;
  stages: Record<string, number>;
  /** Null when the loop worked on what had landed before. */
  landing: IngestResult | null;
  tables: Record<string, TableSummary>;
  windowsPredicted: number;
  labels: number;
  campaign: CampaignResult;
  retrains: RetrainResult[];
  champion: { before: RetrainResult['champion']; after: RetrainResult['champion'] };
  reportUri: string;
  /** Of an engine that AWS runs, when the refresh needed it. */
  cost?: RefreshResult['cost'];
}

type Loop = ValidInput<'activeLearningLoop'>;

export async function activeLearningLoop(
  raw: WorkflowInput<'activeLearningLoop'>,
): Promise<LoopResult> {
  const progress = trackProgress();
  const checksModel = patched('model-checked-first');
  const input = await validated('activeLearningLoop', raw);
  tagRun({ dataset: input.dataset, model: input.model });
  // What would fail at the first training fails before an archive is read.
  if (checksModel) await checkModelDataset({ model: input.model, dataset: input.dataset });
  const stages: Record<string, number> = {};
  const startedAt = new Date().toISOString();
  const stage = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const startedMs = Date.now();
    progress(name);
    const result = await work();
    stages[name] = (Date.now() - startedMs) / 1000;
    progress(`${name}: done`, { [name]: duration(stages[name]) });
    return result;
  };

  let skippedOffsets = 0;
  const streamed = (name: string, part: string, replayed: string[]) =>
    stage(name, async () => {
      const landed = await streamAndPredict(input, part, replayed);
      skippedOffsets += landed.skippedOffsets ?? 0;
      // Deleted before they landed: nobody is asked about those.
      progress(name, { skippedOffsets });
      return landed;
    });

  const { source } = input;
  const landing =
    source === undefined ? null : await stage('ingest', () => ingestSource(input, source));
  const refreshed = await stage('refresh', () => refresh(input));
  const subjects = await drawSubjects(input);
  const first = await stage('train', () => trainFirst(input, subjects.bootstrap));

  await prepareTopics({});
  await announceChampion({ model: input.model, version: first.champion });
  return whilePredicting(input, async () => {
    await awaitChampion({ model: input.model, version: first.champion });
    await streamed('stream', 'pool', subjects.stream);
    const campaign = await stage('label', async () => {
      // Answers are counted there alone: told here one by one they would fill this history.
      const there = workflowIds.annotationCampaign(input.name);
      progress('label', {
        waitsFor: `up to ${counted(input.labels, 'answer')}, counted in ${there}`,
      });
      const closed = await askForLabels(input, subjects.stream);
      progress('label', { waitsFor: null });
      return closed;
    });
    const decided = await stage('retrain', () => tryChallenger(input, 'retrain', false));
    progress('retrain: done', { decision: decisionOf(decided) });
    const stays = await scoreWithoutVerdict(input, decided);
    const before = stays?.champion ?? decided.champion;
    const after = decided.outcome === 'promote' ? decided.challenger : before;
    // A barrier: what is streamed from here on is predicted by the champion of this moment. Without
    // a verdict nothing has moved here.
    if (after && !stays) await awaitChampion({ model: input.model, version: after.version });
    const live = await streamed('stream again', 'unseen', subjects.holdout);
    const control = input.negativeControl
      ? [await stage('negative control', () => tryChallenger(input, 'control', true))]
      : [];

    const result: Omit<LoopResult, 'reportUri'> = {
      name: input.name,
      stages,
      landing,
      tables: { ...refreshed.tables, ...live.tables },
      windowsPredicted: live.rows,
      labels: campaign.labels,
      campaign,
      retrains: [decided, ...control],
      champion: { before, after },
      ...(refreshed.cost === undefined ? {} : { cost: refreshed.cost }),
    };
    const report = await stage('report', () =>
      writeReport({ ...reportInput(input, result, startedAt), scoreKey: stays?.key ?? null }),
    );
    return { ...result, reportUri: report.uri };
  });
}

const decisionOf = ({ outcome, reason, challenger }: RetrainResult): string =>
  `${challenger === null ? '' : `version ${challenger.version}, `}${outcome}: ${reason}`;

function reportInput(input: Loop, result: Omit<LoopResult, 'reportUri'>, startedAt: string) {
  const { name, dataset, model, gate } = input;
  const { stages, tables, retrains, campaign } = result;
  const { uncertain, audit, byOracle, skipped } = campaign;
  const unanswered = campaign.tasks - campaign.labels - skipped;
  return {
    name,
    dataset,
    model,
    gate,
    startedAt,
    finishedAt: new Date().toISOString(),
    stages,
    tables,
    retrains,
    labels: { uncertain, audit, byOracle, skipped, unanswered },
    workflowIds: [workflowInfo().workflowId, workflowIds.predictStream(model)],
  };
}

/** A retrain that was skipped has compared nothing: the champion that stays is scored by itself. */
async function scoreWithoutVerdict({ dataset, model, seed }: Loop, { outcome }: RetrainResult) {
  if (outcome !== 'skipped' || !patched('score-without-verdict')) return null;
  return scoreChampion({ dataset, model, seed, run: runReference() });
}

async function ingestSource({ dataset, format }: Loop, source: string): Promise<IngestResult> {
  const { sourceHash } = await identifySource({ source, format, dataset });
  return runChild(ingest, {
    workflowId: workflowIds.ingest(dataset, sourceHash),
    args: [{ dataset, source, format }],
    summary: `Land ${dataset}`,
  });
}

const refresh = ({ dataset, window, labelling, engine }: Loop): Promise<RefreshResult> =>
  runChild(refreshTables, {
    workflowId: workflowIds.refreshTables(dataset),
    args: [
      {
        ...{ dataset, window },
        ...(labelling === undefined ? {} : { labelling }),
        ...(engine === undefined ? {} : { engine }),
      },
    ],
    summary: `Build the tables of ${dataset}`,
  });

const trainFirst = ({ dataset, model, seed, name }: Loop, subjects: string[]) =>
  runChild(trainModel, {
    workflowId: workflowIds.trainModel(model, `first-${name}`),
    args: [{ dataset, model, seed, subjects, scheme: 'none' }],
    summary: `Train the first ${model}`,
  });

/** Replays the subjects' recordings and waits until each of their windows has been predicted. */
async function streamAndPredict(input: Loop, part: string, subjects: string[]) {
  const { dataset, model, speed } = input;
  const name = `${input.name}-${part}`;
  const sent = await runChild(simulateDevices, {
    workflowId: workflowIds.simulateDevices(name),
    args: [{ name, dataset, subjects, speed }],
    summary: `Replay ${counted(subjects.length, 'subject')}`,
  });
  await awaitPredicted({ model, lastOffsets: sent.lastOffsets });
  return landPredictions({ dataset, model });
}

const askForLabels = (input: Loop, subjects: string[]): Promise<CampaignResult> =>
  runChild(annotationCampaign, {
    workflowId: workflowIds.annotationCampaign(input.name),
    args: [
      {
        campaign: input.name,
        dataset: input.dataset,
        model: input.model,
        subjects,
        labels: input.labels,
        auditShare: input.auditShare,
        seed: input.seed,
        answeredBy: input.answeredBy,
        byHand: input.byHand,
      },
    ],
    summary: `Ask for ${counted(input.labels, 'label')}`,
  });

const tryChallenger = (input: Loop, part: string, shuffleLabels: boolean): Promise<RetrainResult> =>
  runChild(retrain, {
    workflowId: `${workflowIds.retrain(input.model)}/${input.name}-${part}`,
    args: [
      {
        dataset: input.dataset,
        model: input.model,
        seed: input.seed,
        gate: input.gate,
        shuffleLabels,
      },
    ],
    summary: shuffleLabels ? 'Challenger on shuffled labels' : 'Challenger on the new labels',
  });
