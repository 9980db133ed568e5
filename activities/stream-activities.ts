/** Steps on the stream: topics, the simulator, the predictor and the barriers between them. */
import { Context, log } from '@temporalio/activity';
import { count } from '../core/figures';
import type { RemovedStreams } from '../lakehouse/removed-streams';
import { NOBODY, withdrawnSubjects, type Suppression } from '../lakehouse/suppression';
import { isCandidate } from '../models/acquisition';
import { awaitPassing } from '../streaming/await-passing';
import type { Champion } from '../streaming/classify';
import { announceVersion, awaitVersion } from '../streaming/control';
import type { Broker, Offsets, SampleSource } from '../streaming/ports';
import { Predictor } from '../streaming/predictor';
import {
  countedSince,
  fetchProgress,
  newestProgress,
  totalsOf,
  type Counters,
} from '../streaming/progress';
import { simulateDevices, type SimulationProgress } from '../streaming/simulator';
import { topicSpecs, type TopicNames, type TopicShape } from '../streaming/topics';
import { unlandedRange } from '../streaming/unlanded';
import { alive } from './alive';
import { asActivities } from './as-activities';
import { growing } from './meters';

/** Which predictions people may be asked about. */
export interface CandidateOptions {
  /** Below this calibrated confidence a prediction is uncertain. */
  threshold: number;
  /** Share of all windows that is audited whatever the confidence. */
  auditShare: number;
  seed: number;
}

export interface StreamDeps {
  broker: Broker;
  topics: TopicNames;
  topicShape?: TopicShape;
  /** The model's present champion; throws NO_CHAMPION when there is none. */
  loadChampion: (model: string) => Promise<Champion>;
  /** Its version alone; null when there is none. */
  championVersion: (model: string) => Promise<string | null>;
  source: SampleSource;
  /** Whose recordings are not sent while an erasure still rebuilds the tables; nobody's by default. */
  suppression?: Suppression;
  candidates: CandidateOptions;
  /** What the topics tell of a former dataset of this name; nothing by default. */
  removedStreams?: (dataset: string) => Promise<RemovedStreams | null>;
  /** How long a predictor may take for samples that it has read before they were deleted. */
  deletedWithinMs?: number;
}

export interface SimulateInput {
  name: string;
  dataset: string;
  /** All subjects when absent. */
  subjectKeys?: string[];
  speed: number;
  snapshotId?: string;
}

export interface PredictorTotals {
  version: string | null;
  predicted: number;
  late: number;
  deadLettered: number;
}

const REPORT_MS = 1000;
const NOTHING_REMOVED = async () => null;

/** By partition, where the samples of the present dataset may begin; undefined where there was no other one of its name. */
async function notBefore(
  { broker, topics, removedStreams = NOTHING_REMOVED }: StreamDeps,
  dataset: string,
): Promise<Offsets | undefined> {
  const removed = await removedStreams(dataset);
  return removed === null
    ? undefined
    : (await unlandedRange(broker, topics.samples, removed.samples)).from;
}

/** What was sent under the name is known to the broker: a dataset that was removed leaves its names to the next one. */
async function nameOnBroker(
  { removedStreams = NOTHING_REMOVED }: StreamDeps,
  { name, dataset }: SimulateInput,
): Promise<string> {
  const times = (await removedStreams(dataset))?.times ?? 0;
  return times === 0 ? name : `${name}~${times}`;
}

/** What a later attempt has to know: where the counts of this activity began. */
interface PredictorDetails {
  baseline?: Counters;
}

async function predict(
  deps: StreamDeps,
  { model, dataset }: { model: string; dataset: string },
): Promise<PredictorTotals> {
  const { signal, report } = alive();
  const { broker, topics, loadChampion, candidates } = deps;
  const earlier = Context.current().info.heartbeatDetails as PredictorDetails | undefined;
  const baseline = earlier?.baseline ?? totalsOf(await fetchProgress(broker, topics, model));
  const predictor = new Predictor(
    { broker, log, loadChampion },
    {
      ...{ model, dataset, topics, notBefore: await notBefore(deps, dataset) },
      candidateOf: (window) => isCandidate({ ...window, ...candidates }),
    },
  );
  const counted = growing({ model, dataset });
  const tell = () => {
    const { predicted, late, deadLettered, tooLong } = predictor.progress;
    counted({ predictedWindows: predicted, lateSamples: late, deadLetters: deadLettered });
    counted({ tooLongSignals: tooLong });
    report({ baseline, ...predictor.progress });
  };
  tell();
  const timer = setInterval(tell, REPORT_MS);
  try {
    await predictor.run(signal);
  } finally {
    clearInterval(timer);
    tell();
  }
  const committed = await fetchProgress(broker, topics, model);
  const totals = totalsOf(newestProgress(committed, predictor.progressByPartition));
  const { predicted, late, deadLettered } = countedSince(baseline, totals);
  return { version: predictor.progress.version || null, predicted, late, deadLettered };
}

/** For a person: how much of how much. */
function shareSent({ batches, samples, of }: SimulationProgress): Record<string, unknown> {
  const done = of === 0 ? 100 : Math.floor((100 * samples) / of);
  return { done: `${done} %`, samples: `${count(samples)} of ${count(of)}`, batches };
}

/** A worker that shuts down must not end the stream: only who asked for the end gets totals. */
function throwUnlessAsked(): void {
  const { cancellationDetails: details, cancellationSignal } = Context.current();
  if (details && !details.cancelRequested) cancellationSignal.throwIfAborted();
}

export function createStreamActivities(deps: StreamDeps) {
  const { broker, topics } = deps;
  return asActivities({
    // Safe to retry: topics that exist are left as they are.
    async prepareTopics(_input: Record<string, never>): Promise<{ topics: string[] }> {
      const specs = topicSpecs(topics, deps.topicShape);
      await broker.ensureTopics(specs);
      return { topics: specs.map(({ topic }) => topic) };
    },

    // Safe to retry: the committed offsets say what has been predicted, and a former attempt that
    // still lives is fenced.
    async runPredictor(input: { model: string; dataset: string }): Promise<PredictorTotals> {
      const totals = await predict(deps, input);
      throwUnlessAsked();
      return totals;
    },

    // Safe to retry: what was sent is known to the broker under the simulation's name.
    async simulate(input: SimulateInput): Promise<{
      batches: number;
      samples: number;
      devices: number;
      lastOffsets: Record<string, string>;
    }> {
      const { signal, report } = alive();
      const { source, suppression = NOBODY } = deps;
      const isWithdrawn = await withdrawnSubjects(suppression, input.dataset);
      // What is told first was sent before.
      let counted: ReturnType<typeof growing> | undefined;
      const onProgress = (progress: SimulationProgress) => {
        const { dataset } = input;
        counted ??= growing({ dataset }, { sentSamples: progress.samples });
        counted({ sentSamples: progress.samples });
        report(shareSent(progress));
      };
      return simulateDevices(
        { broker, source, log },
        {
          ...input,
          name: await nameOnBroker(deps, input),
          topics,
          isWithdrawn,
          signal,
          onProgress,
        },
      );
    },

    // Safe to retry: it only looks.
    async awaitPredicted(input: {
      model: string;
      lastOffsets: Record<string, string>;
    }): Promise<Record<string, never>> {
      const wanted = Object.entries(input.lastOffsets).map(([key, last]) => [key, Number(last)]);
      const lastOffsets = Object.fromEntries(wanted) as Record<number, number>;
      const { deletedWithinMs } = deps;
      const { signal } = alive();
      await awaitPassing(broker, topics, {
        ...{ model: input.model, lastOffsets, deletedWithinMs, signal },
      });
      return {};
    },

    // Safe to retry: the topic is compacted, the last announcement counts.
    async announceChampion(input: {
      model: string;
      version: string;
    }): Promise<Record<string, never>> {
      await announceVersion(broker, topics, input);
      return {};
    },

    // Safe to retry: it only looks.
    async awaitChampion(input: { model: string; version: string }): Promise<Record<string, never>> {
      const { championVersion } = deps;
      await awaitVersion(broker, topics, { ...input, championVersion, signal: alive().signal });
      return {};
    },
  });
}

export type StreamActivities = ReturnType<typeof createStreamActivities>;
