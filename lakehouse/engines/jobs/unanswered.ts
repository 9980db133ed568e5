/** Until when something that was started may still work: told by what its protocol has left in the lake. */
import type { StoredObject } from '../../ports';
import { choiceKey } from './records';
import { isResultKey } from './work';

const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1);

/** A start that was chosen works until its runner has answered, or its time is up. 0 where none does. */
export function worksUntilMs(objects: readonly StoredObject[], jobMs: number): number {
  const answered = new Set(
    objects
      .map(({ key }) => key)
      .filter(isResultKey)
      .map(folderOf),
  );
  let untilMs = 0;
  for (const { key, modifiedMs } of objects) {
    const folder = folderOf(key);
    if (key !== choiceKey(folder) || answered.has(folder)) continue;
    untilMs = Math.max(untilMs, modifiedMs + jobMs);
  }
  return untilMs;
}
