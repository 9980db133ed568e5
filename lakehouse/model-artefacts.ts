/** Trained classifiers in the lake: the artefact as JSON, the weights beside it. */
import { join } from 'node:path/posix';
import type { ClassifierArtefact, StoredClassifier } from '../models/classifier';
import { readJson, writeJson } from './json';
import type { Store } from './ports';

const ARTEFACT = 'artefact.json';
const WEIGHTS = 'weights.bin';

const artefactsFolder = (model: string): string => `models/${model}/`;
/** Where what versions of a model reached lies: beside each other, and the champion alone. */
export const comparisonsFolder = (model: string): string => `comparisons/${model}/`;
export const scoresFolder = (model: string): string => `scores/${model}/`;

/** Everything of a model that lies in the lake. */
export const modelFolders = (model: string): string[] =>
  [artefactsFolder, comparisonsFolder, scoresFolder].map((folder) => folder(model));

/** Key prefix of one training's artefact: the same training has the same place. */
export const artefactPrefix = (model: string, key: string): string =>
  `${artefactsFolder(model)}${key}`;

/** The artefact is written last: where it is, the weights are. */
export async function saveClassifier(
  store: Store,
  prefix: string,
  { artefact, weights }: StoredClassifier,
): Promise<void> {
  await store.put(join(prefix, WEIGHTS), weights);
  await writeJson(store, join(prefix, ARTEFACT), artefact);
}

/** OBJECT_NOT_FOUND when there is none. */
export async function readClassifier(store: Store, prefix: string): Promise<StoredClassifier> {
  const artefact = await readJson<ClassifierArtefact>(store, join(prefix, ARTEFACT));
  return { artefact, weights: await store.get(join(prefix, WEIGHTS)) };
}
