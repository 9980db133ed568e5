/** People whose recordings came after the split was drawn: no part of it has them. */
import type { Lake } from '../lakehouse/lake';
import { labelledSubjects } from '../lakehouse/training-windows';
import type { Registry } from '../registry/registry';

export interface NewPeopleQuery {
  dataset: string;
  /** Of the split. */
  seed: number;
}

/** Keys of those who have labelled windows, sorted; nobody is new where nothing was drawn. */
export async function newPeople(
  { lake, registry }: { lake: Lake; registry: Registry },
  { dataset, seed }: NewPeopleQuery,
  signal: AbortSignal,
): Promise<string[]> {
  const split = await registry.getSplit({ dataset, seed });
  if (split === null) return [];
  const dealt = new Set(Object.values(split).flat());
  const present = await labelledSubjects(lake, { dataset, signal });
  return present.filter((key) => !dealt.has(key));
}
