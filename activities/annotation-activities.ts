/** Steps of a label campaign: chooses what to ask, counts answers, lets the oracle answer. */
import type { AnnotationStore } from '../annotation/annotation';
import type { CampaignProgress, Channel } from '../annotation/campaigns';
import { createTaskClient } from '../annotation/client';
import { ORACLE, type NewTask } from '../annotation/tasks';
import { composed } from '../core/letters';
import { NOBODY, withdrawnSubjects, type Suppression } from '../lakehouse/suppression';
import {
  beside,
  rankCandidate,
  selectTasks,
  type Pick,
  type RankedCandidate,
} from '../models/acquisition';
import type { Registry } from '../registry/registry';
import { decodeFeatures, decodeSignal, type Prediction } from '../streaming/prediction';
import { alive, type Alive } from './alive';
import { asActivities } from './as-activities';
import { inTurn, type Leases } from './held-lease';

export interface CandidateQuery {
  dataset: string;
  model: string;
  /** Everybody without it. */
  subjectKeys?: readonly string[];
  /** Whose windows are left out. */
  except?: readonly string[];
  /** Of these windows alone, and with what a task needs: features and signals, which are most of a prediction. */
  windowIds?: readonly string[];
}

/** Predictions that a person may look at; read twice, with the same result each time. */
export interface PredictionSource {
  /** Of each window what the newest of the versions that have predicted it says, by window id. */
  candidates(query: CandidateQuery): AsyncIterable<Prediction>;
  /** The dataset's channels with their units, for the plot. */
  channels(query: { dataset: string }): Promise<readonly Channel[]>;
  /** What its recordings say people do: a new activity is answered before any version knows it. */
  activities(query: { dataset: string }): Promise<readonly string[]>;
  /** Hash of the feature schema in force, by which trainings go; null before the first refresh. */
  featureSchema(query: { dataset: string }): Promise<string | null>;
}

/** The recordings' true labels, for the oracle that stands in for people. */
export interface LabelSource {
  /** By window; a window without a label of its own is absent. */
  labelsOf(query: {
    dataset: string;
    windowIds: readonly string[];
  }): Promise<ReadonlyMap<string, string>>;
}

export interface AnnotationDeps {
  annotation: AnnotationStore;
  predictions: PredictionSource;
  oracle: LabelSource;
  registry: { heldOutSubjects: Registry['heldOutSubjects'] } & Leases;
  /** Whose windows nobody is asked about; nobody's by default. */
  suppression?: Suppression;
  /** Where the application page answers now. */
  appUrl: () => Promise<string>;
  appToken?: string;
  fetch?: typeof globalThis.fetch;
}

export interface OpenCampaignInput extends Omit<CandidateQuery, 'except' | 'windowIds'> {
  campaign: string;
  /** The most windows to ask about. */
  budget: number;
  auditShare: number;
  seed: number;
}

export interface OpenedCampaign {
  tasks: number;
  uncertain: number;
  audit: number;
  /** Windows made with features of former times, which nothing learns from any more; absent when there is none. */
  formerFeatures?: number;
}

export interface CampaignState extends CampaignProgress {
  labelled: number;
}

const TASKS_AT_ONCE = 100;

/** What the choice needs of every candidate, which is little: the signals stay where they are. */
async function survey(
  source: AsyncIterable<Prediction>,
  isLeftOut: (prediction: Prediction) => boolean,
  schema: string | null,
  { signal, report }: Alive,
) {
  const classes = new Set<string>();
  const predictions: RankedCandidate[] = [];
  const texts = new Map<string, string>();
  // One text for all windows of a device, or of a class.
  const pooled = (text: string): string => {
    const present = texts.get(text);
    if (present === undefined) texts.set(text, text);
    return present ?? text;
  };
  let formerFeatures = 0;
  for await (const prediction of source) {
    const { windowId, candidate, probabilities, classes: known } = prediction;
    const { device, startMs, endMs } = prediction;
    signal.throwIfAborted();
    if (candidate === null || isLeftOut(prediction)) continue;
    if (schema !== null && prediction.featureSchema !== schema) {
      formerFeatures += 1;
      continue;
    }
    for (const each of known) classes.add(composed(each));
    const place = { device: pooled(device), startMs, endMs };
    const label = pooled(composed(prediction.label));
    predictions.push(rankCandidate({ windowId, probabilities, label, kind: candidate, ...place }));
    if (predictions.length % 200 === 0) report({ candidates: predictions.length });
  }
  return { classes, predictions, formerFeatures };
}

function taskOf(prediction: Prediction, { kind }: Pick): NewTask {
  const { features, signal, ...known } = prediction;
  if (features === undefined || signal === undefined)
    throw new Error(`the candidate ${prediction.windowId} came without its signal`);
  return {
    ...known,
    kind,
    features: decodeFeatures(features),
    signal: { channels: signal.channels, ...decodeSignal(signal) },
  };
}

/** The predictions that were picked, in portions that fit into memory. */
async function* pickedTasks(source: AsyncIterable<Prediction>, picks: readonly Pick[]) {
  const wanted = new Map(picks.map((pick) => [pick.windowId, pick]));
  let tasks: NewTask[] = [];
  for await (const prediction of source) {
    const pick = wanted.get(prediction.windowId);
    if (pick === undefined) continue;
    wanted.delete(prediction.windowId);
    tasks.push(taskOf(prediction, pick));
    if (tasks.length < TASKS_AT_ONCE) continue;
    yield tasks;
    tasks = [];
  }
  if (tasks.length > 0) yield tasks;
}

const stateOf = (progress: CampaignProgress): CampaignState => ({
  ...progress,
  labelled: progress.answered,
});

export function createAnnotationActivities(deps: AnnotationDeps) {
  const { annotation, predictions, oracle, registry, suppression = NOBODY } = deps;

  async function fill(
    input: OpenCampaignInput,
    signal: AbortSignal,
  ): Promise<{ formerFeatures?: number }> {
    const { report } = alive();
    const { campaign, dataset, model, subjectKeys } = input;
    // Who is asked about is learned from, and judges no version any more.
    const except = subjectKeys ? [] : await registry.heldOutSubjects({ dataset });
    const query = { dataset, model, subjectKeys, except };
    const asked = await annotation.askedWindows({ dataset, except: campaign });
    const isGone = await withdrawnSubjects(suppression, dataset);
    const isLeftOut = ({ windowId, subjectKey }: Prediction): boolean =>
      asked.has(windowId) || isGone(subjectKey);
    const schema = await predictions.featureSchema({ dataset });
    const candidates = predictions.candidates(query);
    const found = await survey(candidates, isLeftOut, schema, { signal, report });
    const activities = await predictions.activities({ dataset });
    const classes = [...new Set([...found.classes, ...activities])].sort();
    const channels = await predictions.channels({ dataset });
    const target = input.budget;
    await annotation.openCampaign({ campaign, dataset, model, classes, channels, target });
    // Of an opening that was cut off: they stay, whatever has landed since.
    const own = await annotation.ownWindows({ campaign });
    const present = await annotation.countTasks({ campaign });
    const chosen = selectTasks({
      ...{ ...input, predictions: found.predictions, asked: [...asked.values()] },
    });
    const fresh = chosen.filter(({ windowId }) => !own.has(windowId));
    const picks = beside(present, fresh, input);
    let created = 0;
    const picked = { ...query, windowIds: picks.map(({ windowId }) => windowId) };
    for await (const tasks of pickedTasks(predictions.candidates(picked), picks)) {
      signal.throwIfAborted();
      // An erasure that has begun meanwhile removes tasks once: none may come after it.
      const isGoneNow = await withdrawnSubjects(suppression, dataset);
      const allowed = tasks.filter(({ subjectKey }) => !isGoneNow(subjectKey));
      created += (await annotation.createTasks({ campaign, tasks: allowed })).created;
      report({ picked: picks.length, created });
    }
    await annotation.markFilled({ campaign });
    const { formerFeatures } = found;
    return formerFeatures > 0 ? { formerFeatures } : {};
  }

  /** One round of the oracle: false when there is nothing left that it may take. */
  async function answerSome(
    campaign: string,
    leave: number,
    { signal, report }: Alive,
  ): Promise<boolean> {
    const { tasks, answered, skipped } = await annotation.progress({ campaign });
    const count = Math.min(tasks - answered - skipped - leave, TASKS_AT_ONCE);
    if (count <= 0) return false;
    const client = createTaskClient({
      url: await deps.appUrl(),
      token: deps.appToken,
      fetch: deps.fetch,
      signal,
    });
    const { tasks: leased } = await client.lease({ campaign, annotator: ORACLE, count });
    if (leased.length === 0) return false;
    const [{ dataset }] = leased as [(typeof leased)[number]];
    const windowIds = leased.map(({ windowId }) => windowId);
    const labels = await oracle.labelsOf({ dataset, windowIds });
    const answers = leased.map(({ task, lease, windowId, labels: allowed }) => {
      // In the words of the campaign. What nobody has said, or may not be answered, is skipped: it must not wait for it.
      const label = allowed.find((each) => composed(each) === labels.get(windowId)) ?? null;
      return { task, lease, label };
    });
    const { accepted } = await client.answer({ annotator: ORACLE, answers });
    report({ answered: answered + accepted.length, tasks });
    // When nothing was taken, the next round would be the same.
    return accepted.length > 0;
  }

  return asActivities({
    // Safe to retry: the same predictions give the same picks, and a window becomes a task once.
    async openCampaign(input: OpenCampaignInput): Promise<OpenedCampaign> {
      const { campaign, dataset } = input;
      const isFilled = await annotation.isFilled({ campaign });
      // One after another: each has to see what the others ask.
      const turn = { name: `ask/${dataset}`, holder: campaign };
      const leftOut = isFilled ? {} : await inTurn(registry, turn, (signal) => fill(input, signal));
      const counts = await annotation.countTasks({ campaign });
      return { tasks: counts.uncertain + counts.audit, ...counts, ...leftOut };
    },

    // Reading is safe to repeat.
    async campaignProgress({ campaign }: { campaign: string }): Promise<CampaignState> {
      return stateOf(await annotation.progress({ campaign }));
    },

    // Safe to retry: what is answered stays so, and what the oracle still holds it gets first.
    async answerAsOracle(input: { campaign: string; leave?: number }): Promise<CampaignState> {
      const { campaign, leave = 0 } = input;
      const { signal, report } = alive();
      while (await answerSome(campaign, leave, { signal, report })) signal.throwIfAborted();
      return stateOf(await annotation.progress({ campaign }));
    },

    // Safe to retry: closing twice is the same.
    async closeCampaign({ campaign }: { campaign: string }): Promise<CampaignState> {
      return stateOf(await annotation.closeCampaign({ campaign }));
    },
  });
}

export type AnnotationActivities = ReturnType<typeof createAnnotationActivities>;
