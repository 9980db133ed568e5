/** Asks people for labels where the model is unsure, and waits until they have answered. */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineUpdate,
  patched,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { AnnotationActivities } from '../activities/annotation-activities';
import type { LandingActivities } from '../activities/landing-activities';
import type { RegistryActivities } from '../activities/registry-activities';
import type { StreamActivities } from '../activities/stream-activities';
import type { ValidInput, WorkflowInput } from '../activities/inputs';
import { count } from '../core/figures';
import { campaignOf } from '../core/workflow-ids';
import { DATA, ERRANDS, SHORT } from './profiles';
import { tagRun, trackProgress } from './progress';
import { validated } from './validate';

const { openCampaign } = proxyActivities<AnnotationActivities>(DATA);
const { landPredictions, publishLabels } = proxyActivities<LandingActivities>(DATA);
const { answerAsOracle } = proxyActivities<AnnotationActivities>(ERRANDS);
const { campaignProgress, closeCampaign } = proxyActivities<AnnotationActivities>(SHORT);
const { requireChampion } = proxyActivities<RegistryActivities>(SHORT);
const { prepareTopics } = proxyActivities<StreamActivities>(SHORT);

type Report = ReturnType<typeof trackProgress>;

/** Says that answers were stored; they are in PostgreSQL, the history keeps the batch id alone. */
export const labelBatchUpdate = defineUpdate<{ answered: number }, [{ batchId: string }]>(
  'labelBatch',
);

export interface CampaignResult {
  campaign: string;
  tasks: number;
  labels: number;
  /** Labels by why they were asked for. */
  uncertain: number;
  audit: number;
  /** Of the labels, those that the recordings themselves gave; runs of before do not tell. */
  byOracle?: number;
  skipped: number;
  reminders: number;
  outcome: 'complete' | 'closed-early' | 'nothing-to-ask';
  snapshotId: string;
}

export async function annotationCampaign(
  raw: WorkflowInput<'annotationCampaign'>,
): Promise<CampaignResult> {
  const progress = trackProgress();
  let answers = 0;
  setHandler(labelBatchUpdate, (_batch) => ({ answered: ++answers }), {
    description: 'Answers were stored under this batch id',
    validator: refuseWhenFull,
  });
  const landsFirst = patched('lands-first');
  // A Schedule gives every run the same input, and an id of its own.
  const named = { campaign: campaignOf(workflowInfo().workflowId) };
  const valid = await validated('annotationCampaign', { ...named, ...raw });
  const input = { ...named, ...valid };
  tagRun({ dataset: input.dataset, model: input.model });
  const wait = input.waiting ?? (await start(input, landsFirst, progress));

  await waitForAnswers(input, wait, () => answers, progress);
  // Counted when nobody can answer any more, so that the figures fit the labels that are published.
  const state = await closeCampaign({ campaign: input.campaign });
  const tasks = tasksLeft(wait, state);
  const labels = await publishLabels({ dataset: input.dataset });
  progress('closed', { labels: state.labelled, featureStore: labels.rows });
  return {
    campaign: input.campaign,
    tasks,
    labels: state.labelled,
    uncertain: state.labels.uncertain,
    audit: state.labels.audit,
    byOracle: state.byOracle,
    skipped: state.skipped,
    reminders: wait.reminders,
    outcome: outcomeOf(wait.tasks, state.labelled + state.skipped >= tasks),
    snapshotId: labels.snapshotId,
  };
}

type Campaign = ValidInput<'annotationCampaign'> & { campaign: string };
type Wait = NonNullable<Campaign['waiting']>;

function outcomeOf(asked: number, isDone: boolean): CampaignResult['outcome'] {
  if (asked === 0) return 'nothing-to-ask';
  return isDone ? 'complete' : 'closed-early';
}

/** By itself a campaign asks about all that was predicted until now; a loop lands before it starts one. */
async function landFirst({ dataset, model }: Campaign, progress: Report): Promise<void> {
  progress('landing what was predicted');
  await requireChampion({ model });
  await prepareTopics({});
  const { rows, skippedOffsets } = await landPredictions({ dataset, model, required: true });
  // Deleted before they landed: nobody is asked about those.
  progress('landed what was predicted', { predictions: rows, skippedOffsets: skippedOffsets ?? 0 });
}

async function start(input: Campaign, landsFirst: boolean, progress: Report): Promise<Wait> {
  const isOfItsOwn = workflowInfo().parent === undefined;
  // Runs of before have the second mark, which was asked behind the local activity.
  if (isOfItsOwn && (landsFirst || patched('lands-before-it-asks')))
    await landFirst(input, progress);
  progress('choosing what to ask', { campaign: input.campaign });
  const opened = await openCampaign({
    ...input,
    budget: input.labels,
    subjectKeys: input.subjects,
  });
  progress('waiting for answers', {
    ...{ tasks: opened.tasks, audit: opened.audit },
    // Nothing else is there that the model is unsure of and nobody was asked about.
    ...(opened.tasks < input.labels ? { wanted: input.labels } : {}),
    ...(opened.formerFeatures ? { withFormerFeatures: opened.formerFeatures } : {}),
  });
  if (input.answeredBy === 'oracle') {
    await answerAsOracle({ campaign: input.campaign, leave: input.byHand });
  }
  return { tasks: opened.tasks, startedMs: Date.now(), reminders: 0 };
}

async function waitForAnswers(
  input: Campaign,
  wait: Wait,
  answers: () => number,
  progress: Report,
): Promise<void> {
  for (;;) {
    const seen = answers();
    const state = await campaignProgress({ campaign: input.campaign });
    const done = state.labelled + state.skipped;
    const waitedMinutes = (Date.now() - wait.startedMs) / 60_000;
    const isClosed = state.status === 'closed' || waitedMinutes >= input.closeMinutes;
    const tasks = tasksLeft(wait, state);
    if (done >= tasks || isClosed) return;
    if (waitedMinutes >= nextReminder(input, wait)) wait.reminders += 1;
    const standing =
      wait.reminders > 0
        ? `reminded ${wait.reminders === 1 ? 'once' : `${wait.reminders} times`}`
        : 'on time';
    progress('waiting for answers', {
      ...{ answered: `${count(state.labelled)} of ${count(tasks)}`, tasksSkipped: state.skipped },
      standing,
    });
    const nextMs = nextLookMs(input, wait, waitedMinutes);
    await condition(() => answers() > seen, nextMs, { summary: 'Waits for answers' });
    if (workflowInfo().historyLength > input.eventsPerRun) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof annotationCampaign>({ ...input, waiting: wait });
    }
  }
}

/** An erasure takes tasks away after the opening has counted them. */
const tasksLeft = (wait: Wait, state: { tasks: number }): number =>
  patched('erased-tasks-not-awaited') ? state.tasks : wait.tasks;

const nextReminder = (input: Campaign, wait: Wait): number =>
  input.remindMinutes * (wait.reminders + 1);

/**
 * Updates are a courtesy that shortens the wait: a page that was down when it should have sent one
 * must not keep a campaign open.
 */
function nextLookMs(input: Campaign, wait: Wait, waitedMinutes: number): number {
  const dueMinutes = Math.min(input.closeMinutes, nextReminder(input, wait)) - waitedMinutes;
  return Math.ceil(Math.max(0, Math.min(input.lookMinutes, dueMinutes)) * 60_000) + 1;
}

// While an activity waits out an outage the Updates go on: a refused one leaves no trace in the
// history, and its answers, which are stored already, are counted at the next look.
const MOST_EVENTS = 1_800;

function refuseWhenFull(_batch: { batchId: string }): void {
  if (workflowInfo().historyLength > MOST_EVENTS) throw new Error('The history is full for now.');
}
