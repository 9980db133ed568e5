/** Deals a dataset's subjects out to the parts of a run, once: what was dealt stays. */
import { WatchlakeError } from '../core/errors';
import type { Lake } from '../lakehouse/lake';
import { subjectsOf } from '../lakehouse/samples';
import { labelledSubjects } from '../lakehouse/training-windows';
import { splitSubjects, type SplitPart } from '../models/split';
import type { Registry } from '../registry/registry';

export interface DrawInput {
  dataset: string;
  seed: number;
  subjects: Record<SplitPart, number>;
}

type Parts = Record<SplitPart, string[]>;

export async function drawSubjects(
  { lake, registry }: { lake: Lake; registry: Registry },
  { dataset, seed, subjects: sizes }: DrawInput,
  signal: AbortSignal,
): Promise<Parts> {
  // Looked for first: there may be too few people left to draw as many again.
  const reduced = await registry.reducedSplit({ dataset, seed });
  if (reduced !== null) {
    const empty = Object.entries(reduced).find(([, keys]) => keys.length === 0);
    if (empty) throw new WatchlakeError('SPLIT_EMPTIED', { dataset, seed, part: empty[0] });
    return reduced as Parts;
  }
  const known = await subjectsOf(lake, { dataset, signal });
  const keyOf = new Map(known.map(({ subject, subjectKey }) => [subject, subjectKey]));
  const withLabels = new Set(await labelledSubjects(lake, { dataset, signal }));
  const labelled = known.filter(({ subjectKey }) => withLabels.has(subjectKey));
  const names = splitSubjects({
    ...{ subjects: [...keyOf.keys()], seed, sizes },
    labelled: new Set(labelled.map(({ subject }) => subject)),
  });
  const keys = (part: SplitPart) => names[part].map((name) => keyOf.get(name) as string);
  const parts = {
    bootstrap: keys('bootstrap'),
    stream: keys('stream'),
    holdout: keys('holdout'),
  };
  const saved = await registry.saveSplit({ dataset, seed, parts });
  return { ...parts, ...saved.parts };
}
