/** Measures our classifier against scikit-learn's forests on the shipped recordings. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { version as tfjsVersion } from '@tensorflow/tfjs';
import { PROJECT_ROOT } from '../core/project-root';
import { useBackend } from '../models/backend';
import type { Evaluation } from '../models/evaluation';
import { evaluate } from '../models/evaluation';
import { leaveOneSubjectOut } from '../models/leave-one-subject-out';
import { progressLine } from '../stack/progress';
import { pythonEnvironment } from '../stack/python';
import { loadConfig } from '../workers/config';
import type { Contender, Run } from './classifier-report';
import { compare, contender, toMarkdown } from './classifier-report';
import { keepResult } from './keep-result';
import { runProgram } from './run-program';
import type { SampleWindows } from './watch-sample';
import { readSampleWindows, trainingSetOf } from './watch-sample';

const BENCH = join(PROJECT_ROOT, 'bench');

interface ForestRun {
  readonly name: string;
  readonly seed: number;
  readonly seconds: number;
  readonly predicted: number[];
}

interface ForestResults {
  readonly versions: Record<string, string>;
  readonly runs: ForestRun[];
}

const runOf = (
  seed: number,
  seconds: number,
  evaluation: Evaluation,
  calibrated: boolean,
): Run => ({
  seed,
  accuracy: evaluation.accuracy,
  macroF1: evaluation.macroF1,
  worstSubject: evaluation.worstSubject,
  calibrationError: calibrated ? evaluation.calibrationError : null,
  seconds,
});

async function measureOurs(
  windows: SampleWindows,
  classes: readonly string[],
  seeds: readonly number[],
): Promise<Contender> {
  const { schema } = windows;
  const set = trainingSetOf(windows);
  const runs: Run[] = [];
  for (const seed of seeds) {
    const startedMs = performance.now();
    const evaluation = await leaveOneSubjectOut(set, { schema, classes, seed });
    const seconds = (performance.now() - startedMs) / 1000;
    runs.push(runOf(seed, seconds, evaluation, true));
    const scores = `${evaluation.accuracy.toFixed(4)} / ${evaluation.macroF1.toFixed(4)}`;
    console.error(`ours, seed ${seed}: ${scores} in ${seconds.toFixed(1)} s`);
  }
  return contender('ours', runs);
}

async function runForests(
  python: string,
  { features, subjects }: SampleWindows,
  labels: readonly number[],
  seeds: readonly number[],
): Promise<ForestResults> {
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-bench-'));
  try {
    await writeFile(join(folder, 'features.f32'), new Uint8Array(features.buffer));
    await writeFile(join(folder, 'rows.json'), JSON.stringify({ labels, subjects, seeds }));
    await runProgram(python, [join(BENCH, 'forests.py'), folder]);
    return JSON.parse(await readFile(join(folder, 'forests.json'), 'utf8')) as ForestResults;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The forests' predictions go through our evaluation, so that both are scored by the same code. */
function scoreForests({ runs }: ForestResults, windows: SampleWindows, classes: readonly string[]) {
  const { labels, subjects } = windows;
  const scored = runs.map(({ name, seed, seconds, predicted }) => {
    const probabilities = new Float32Array(predicted.length * classes.length);
    predicted.forEach((label, index) => {
      probabilities[index * classes.length + label] = 1;
    });
    const evaluation = evaluate({ probabilities, classes, labels, subjects });
    return { name, run: runOf(seed, seconds, evaluation, false) };
  });
  return [...new Set(runs.map(({ name }) => name))].map((name) =>
    contender(
      name,
      scored.flatMap((entry) => (entry.name === name ? [entry.run] : [])),
    ),
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { seeds: { type: 'string', default: '5' } } });
  const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed);
  // First of all: without Python there is nothing to compare with.
  const python = await pythonEnvironment({
    cache: loadConfig().WATCHLAKE_CACHE,
    name: 'bench',
    requirements: join(BENCH, 'requirements.txt'),
    onProgress: (progress) => console.error(progressLine(progress)),
  });
  const windows = await readSampleWindows();
  const classes = [...new Set(windows.labels)].sort();
  const { name: backend } = await useBackend();
  const ours = await measureOurs(windows, classes, seeds);
  const truth = windows.labels.map((label) => classes.indexOf(label));
  const results = await runForests(python, windows, truth, seeds);
  const comparison = compare(ours, scoreForests(results, windows, classes), {
    backend,
    versions: { node: process.versions.node, tfjs: tfjsVersion.tfjs, ...results.versions },
    data: {
      windows: windows.labels.length,
      features: windows.schema.names.length,
      subjects: new Set(windows.subjects).size,
    },
  });
  await keepResult('classifier', comparison, toMarkdown(comparison));
  process.exitCode = comparison.reached ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
