/** The files of a table that is partitioned by date, by date; and how they come into a new snapshot. */
import type { Lake } from '../lake';
import type { DataFile } from '../manifest';
import { inParallel } from '../in-parallel';

const PARTITION = /\/(event_date=(\d{4}-\d{2}-\d{2})\/[^/]+)$/;

const COPIES_AT_ONCE = 8;

const partitionOf = (key: string): RegExpExecArray => {
  const found = PARTITION.exec(key);
  if (found === null) throw new Error(`not a file of a date: ${key}`);
  return found;
};

export const dateOf = ({ key }: DataFile): string => partitionOf(key)[2] as string;

export function filesOfDates(
  files: readonly DataFile[],
  dates: ReadonlySet<string>,
): readonly DataFile[] {
  return files.filter((file) => dates.has(dateOf(file)));
}

/** Links or copies the files, as they are, below the folder; rows are not read. */
export const takeOver = (
  { store }: Lake,
  files: readonly DataFile[],
  folder: string,
  onFile: () => void,
): Promise<DataFile[]> =>
  inParallel(files, COPIES_AT_ONCE, async (file) => {
    const key = `${folder}${partitionOf(file.key)[1]}`;
    await store.copy(file.key, key);
    onFile();
    return { ...file, key };
  });
