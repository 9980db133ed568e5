/** Measures what labels are worth: asked as campaigns ask, against as many of windows drawn at random. */
import { parseArgs } from 'node:util';
import { version as tfjsVersion } from '@tensorflow/tfjs';
import { createRandom, shuffled, streamSeed } from '../core/random';
import { isCandidate, marginOf, selectTasks } from '../models/acquisition';
import { useBackend } from '../models/backend';
import { loadClassifier } from '../models/classifier';
import { evaluate } from '../models/evaluation';
import { splitSubjects } from '../models/split';
import { trainClassifier } from '../models/training';
import { subset, type TrainingSet } from '../models/training-set';
import { loadConfig } from '../workers/config';
import { keepResult } from './keep-result';
import type { ChoiceName, LabelsRun } from './labels-report';
import { benchOf, CHOICES, toMarkdown } from './labels-report';
import type { SampleWindows } from './watch-sample';
import { readSampleWindows, trainingSetOf } from './watch-sample';

/** Those of the demo. */
const SIZES = { bootstrap: 1, stream: 3, holdout: 6 };
const BUDGETS = [30, 60, 120, 240];
// The settings of the choice were looked at with the first six draws.
const FIRST_DRAW = 6;

interface Sample {
  readonly windows: SampleWindows;
  readonly set: TrainingSet;
  readonly classes: readonly string[];
}

interface Pool {
  /** Rows of the people who are streamed. */
  readonly rows: readonly number[];
  /** What the champion says of each. */
  readonly probabilities: readonly (readonly number[])[];
  readonly draw: number;
}

async function train({ windows, set, classes }: Sample, rows: readonly number[], seed: number) {
  const { schema } = windows;
  return loadClassifier(await trainClassifier(subset(set, rows), { schema, classes, seed }));
}

type Trained = Awaited<ReturnType<typeof train>>;

async function scoreOn({ set, classes }: Sample, model: Trained, rows: readonly number[]) {
  const { features, labels, groups } = subset(set, rows);
  const probabilities = await model.predict(features, rows.length);
  return evaluate({ probabilities, classes, labels, subjects: groups }).macroF1;
}

/** As a campaign chooses, all of its labels to learn from: audits, which judge, come on top of them. */
function asked({ windows }: Sample, { rows, probabilities, draw }: Pool, count: number): number[] {
  const { LABEL_CONFIDENCE: threshold, LABEL_AUDIT_SHARE: auditShare } = loadConfig({});
  const { lengthMs } = windows.schema.signal.window;
  const rowOf = new Map(rows.map((row) => [windows.windowIds[row] as string, row]));
  const predictions = rows.flatMap((row, at) => {
    const windowId = windows.windowIds[row] as string;
    const each = probabilities[at] as readonly number[];
    const confidence = Math.max(...each);
    const kind = isCandidate({ windowId, confidence, threshold, auditShare, seed: draw });
    const startMs = windows.startsMs[row] as number;
    const place = { device: windows.devices[row], startMs, endMs: startMs + lengthMs };
    return kind === null ? [] : [{ windowId, probabilities: each, kind, ...place }];
  });
  const picks = selectTasks({ predictions, budget: count, auditShare: 0, seed: draw });
  return picks.map(({ windowId }) => rowOf.get(windowId) as number);
}

const atRandom = (_: Sample, { rows, draw }: Pool, count: number): number[] =>
  shuffled(rows, createRandom(streamSeed(draw, 1))).slice(0, count);

/** The textbook's: no care for neighbours. */
const leastSure = (_: Sample, { rows, probabilities }: Pool, count: number): number[] =>
  rows
    .map((row, at) => ({ row, margin: marginOf(probabilities[at] as readonly number[]) }))
    .sort((a, b) => a.margin - b.margin || a.row - b.row)
    .slice(0, count)
    .map(({ row }) => row);

const CHOOSE: Record<ChoiceName, typeof asked> = { asked, atRandom, leastSure };

async function* measure(sample: Sample, draw: number): AsyncGenerator<LabelsRun> {
  const { groups } = sample.set;
  const people = splitSubjects({
    ...{ subjects: groups, labelled: new Set(groups), seed: draw, sizes: SIZES },
  });
  const rowsOf = (names: readonly string[]) =>
    groups.flatMap((name, row) => (names.includes(name) ? [row] : []));
  const [first, streamed, unseen] = [
    rowsOf(people.bootstrap),
    rowsOf(people.stream),
    rowsOf(people.holdout),
  ];
  const scoreWith = async (labelled: readonly number[]) => {
    const model = await train(sample, [...first, ...labelled], draw);
    const macroF1 = await scoreOn(sample, model, unseen);
    model.dispose();
    return macroF1;
  };
  const champion = await train(sample, first, draw);
  const flat = await champion.predict(subset(sample.set, streamed).features, streamed.length);
  const columns = sample.classes.length;
  const probabilities = streamed.map((_, at) => [
    ...flat.subarray(at * columns, (at + 1) * columns),
  ]);
  yield { draw, choice: null, labels: 0, macroF1: await scoreOn(sample, champion, unseen) };
  champion.dispose();
  for (const labels of BUDGETS) {
    for (const choice of CHOICES) {
      const chosen = CHOOSE[choice](sample, { rows: streamed, probabilities, draw }, labels);
      yield { draw, choice, labels: chosen.length, macroF1: await scoreWith(chosen) };
    }
  }
  yield { draw, choice: null, labels: streamed.length, macroF1: await scoreWith(streamed) };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { draws: { type: 'string', default: '30' } } });
  const windows = await readSampleWindows();
  const classes = [...new Set(windows.labels)].sort();
  const sample = { windows, set: trainingSetOf(windows), classes };
  const { name: backend } = await useBackend();
  const runs: LabelsRun[] = [];
  for (let draw = FIRST_DRAW; draw < FIRST_DRAW + Number(values.draws); draw += 1) {
    for await (const run of measure(sample, draw)) {
      runs.push(run);
      console.error(
        `draw ${draw}, ${run.choice ?? 'nothing chosen'}, ${run.labels} labels: ${run.macroF1.toFixed(4)}`,
      );
    }
  }
  const versions = { node: process.versions.node, tfjs: tfjsVersion.tfjs };
  const bench = benchOf({ backend, versions, windows: windows.labels.length }, runs);
  await keepResult('labels', bench, toMarkdown(bench));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
