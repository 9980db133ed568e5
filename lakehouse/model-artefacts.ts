/** Trained classifiers in the lake: the artefact as JSON, the weights beside it. */
import { join } from 'node:path/posix';
import type { ClassifierArtefact, StoredClassifier } from '../models/classifier';
import { readJson, writeJson } from './json';
import type { Store } from './ports';

const ARTEFACT = 'artefact.json';
const WEIGHTS = 'weights.bin';

/** Key prefix of one training's artefact: the same training has the same place. */
export const artefactPrefix = (model: string, key: string): string => `models/${model}/${key}`;

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
