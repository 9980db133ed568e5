/** The API that annotators use, whether a person's page or a program: lease, return, answer, skip, undo, progress. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { WatchlakeError } from '../core/errors';
import { errorBody, parseInput } from '../core/http-door';
import type { AnnotationStore } from './annotation';
import type { AnswerOutcome } from './answers';
import type { Answer } from './judgement';
import type { LeasedTask, TaskSignal } from './tasks';

/** Answers that were just kept, for whoever waits for labels of a campaign. */
export interface LabelBatch {
  campaign: string;
  batch: string;
  annotator: string;
  answered: number;
  skipped: number;
}

export interface TaskRouteOptions {
  annotation: AnnotationStore;
  leaseSeconds: number;
  /** Told of every batch after it is kept; the answers stay when it fails. */
  onBatch: (batch: LabelBatch) => void;
}

const MOST_AT_ONCE = 500;
const SIGNIFICANT_DIGITS = 6;

const name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must not hold control characters');
const annotator = name.max(80);
const lease = z.uuid();
/** Letter by letter as its campaign lists it: what data call an activity may be long, and hold a tab. */
const label = z.string().min(1);

const leaseBody = z.strictObject({
  campaign: name.optional(),
  annotator,
  count: z.int().min(1).max(MOST_AT_ONCE).default(1),
  /** False leaves the signals out, for a program that does not look at them. */
  signal: z.boolean().default(true),
});
const answersBody = z.strictObject({
  annotator,
  answers: z
    .array(z.strictObject({ task: z.string().min(1).max(30), lease, label: label.nullable() }))
    .min(1)
    .max(MOST_AT_ONCE),
});
const lastBody = z.strictObject({ campaign: name.optional(), annotator });
const answerBody = z.strictObject({ annotator, lease, label });
const leaseOnlyBody = z.strictObject({ annotator, lease });
const taskParams = z.object({ task: z.string().min(1).max(30) });
const campaignParams = z.object({ campaign: name });

const shortened = (values: Float32Array) =>
  Array.from(values, (value) => Number(value.toPrecision(SIGNIFICANT_DIGITS)));

const signalJson = (signal: TaskSignal & { units: readonly string[] }, startMs: number) => ({
  channels: signal.channels.map((channel, index) => ({
    name: channel,
    unit: signal.units[index] ?? '',
    values: shortened(signal.values[index] ?? new Float32Array()),
  })),
  /** From the window's start. */
  offsetsMs: Array.from(signal.timestampsMs, (timestamp) => timestamp - startMs),
});

/** By the answer to an audit models are judged: who answers, be it a program, is not told what one of them says. */
const predictionJson = ({ kind, classes, probabilities }: LeasedTask) =>
  kind === 'audit' ? {} : { prediction: { classes, probabilities } };

const taskJson = ({ signal, classes, probabilities, ...task }: LeasedTask) => ({
  ...task,
  ...predictionJson({ ...task, classes, probabilities }),
  signal: signal && signalJson(signal, task.startMs),
});

/** Of many open campaigns the newest are listed, but the oldest is asked first: those of the tasks are always there. */
async function openProgress(
  annotation: AnnotationStore,
  campaign: string | undefined,
  tasks: readonly LeasedTask[],
) {
  if (campaign !== undefined) return [await annotation.progress({ campaign })];
  const listed = (await annotation.listCampaigns()).filter(({ status }) => status === 'open');
  const asked = new Set(tasks.map((task) => task.campaign));
  for (const each of listed) asked.delete(each.campaign);
  const others = [...asked].map((each) => annotation.progress({ campaign: each }));
  return [...listed, ...(await Promise.all(others))];
}

const refusedJson = ({ task, code, context }: AnswerOutcome['refused'][number]) => ({
  task,
  ...errorBody(new WatchlakeError(code, context)),
});

export function addTaskRoutes(app: FastifyInstance, options: TaskRouteOptions): void {
  const { annotation, leaseSeconds, onBatch } = options;
  const annotate = { config: { action: 'annotate' } } as const;
  const read = { config: { action: 'read' } } as const;

  async function keep(by: string, answers: readonly Answer[]): Promise<AnswerOutcome> {
    const outcome = await annotation.answerTasks({ annotator: by, answers });
    for (const counts of outcome.campaigns)
      onBatch({ ...counts, batch: outcome.batch, annotator: by });
    return outcome;
  }

  async function keepOne(by: string, answer: Answer) {
    const { batch, refused } = await keep(by, [answer]);
    const [refusal] = refused;
    if (refusal) throw new WatchlakeError(refusal.code, refusal.context);
    return { batch, task: answer.task };
  }

  app.post('/api/tasks/lease', annotate, async (request) => {
    const { campaign, count, signal, ...body } = parseInput(leaseBody, request.body);
    const tasks = await annotation.leaseTasks({
      campaign,
      annotator: body.annotator,
      leaseSeconds,
      count,
      withSignal: signal,
    });
    const progress = await openProgress(annotation, campaign, tasks);
    return { tasks: tasks.map(taskJson), progress };
  });

  app.post('/api/answers', annotate, async (request) => {
    const body = parseInput(answersBody, request.body);
    const { batch, accepted, refused } = await keep(body.annotator, body.answers);
    return { batch, accepted, refused: refused.map(refusedJson) };
  });

  // Its lease takes the answer back: only whoever may annotate is told.
  app.post('/api/answers/last', annotate, async (request) => ({
    last: await annotation.lastAnswer(parseInput(lastBody, request.body)),
  }));

  app.post('/api/tasks/:task/answer', annotate, (request) => {
    const { task } = parseInput(taskParams, request.params);
    const body = parseInput(answerBody, request.body);
    return keepOne(body.annotator, { task, lease: body.lease, label: body.label });
  });

  app.post('/api/tasks/:task/skip', annotate, (request) => {
    const { task } = parseInput(taskParams, request.params);
    const body = parseInput(leaseOnlyBody, request.body);
    return keepOne(body.annotator, { task, lease: body.lease, label: null });
  });

  app.post('/api/tasks/:task/return', annotate, (request) => {
    const { task } = parseInput(taskParams, request.params);
    return annotation.returnTask({ task, ...parseInput(leaseOnlyBody, request.body) });
  });

  app.post('/api/tasks/:task/undo', annotate, async (request) => {
    const { task } = parseInput(taskParams, request.params);
    const body = parseInput(leaseOnlyBody, request.body);
    await annotation.undoAnswer({ task, ...body });
    const tasks = await annotation.leaseTasks({ task, annotator: body.annotator, leaseSeconds });
    return {
      tasks: tasks.map(taskJson),
      progress: await openProgress(annotation, tasks[0]?.campaign, tasks),
    };
  });

  app.get('/api/campaigns', read, async () => ({ campaigns: await annotation.listCampaigns() }));

  app.get('/api/campaigns/:campaign/progress', read, (request) =>
    annotation.progress(parseInput(campaignParams, request.params)),
  );
}
