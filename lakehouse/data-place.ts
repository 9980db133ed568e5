/** Where exactly a snapshot's rows lie, for engines that find files by their folder and not by our manifest. */
import type { DataFile } from './manifest';

export interface PartitionValues {
  readonly name: string;
  /** As they are spelt in the folders' names, sorted. */
  readonly values: readonly string[];
}

export interface DataPlace {
  /** Key prefix that holds the snapshot's data files and nothing else; ends with a slash. */
  readonly folder: string;
  /** Outermost first. */
  readonly partitions: readonly PartitionValues[];
}

const foldersOf = (key: string): string[] => key.split('/').slice(0, -1);

const isPartition = (folder: string): boolean => folder.includes('=');

function commonStart(paths: readonly (readonly string[])[]): string[] {
  const [first = [], ...others] = paths;
  const end = first.findIndex((folder, at) => others.some((path) => path[at] !== folder));
  return end < 0 ? [...first] : first.slice(0, end);
}

function partitionsOf(paths: readonly (readonly string[])[]): PartitionValues[] {
  const found = new Map<string, Set<string>>();
  for (const folder of paths.flat()) {
    const at = folder.indexOf('=');
    const [name, value] = [folder.slice(0, at), folder.slice(at + 1)];
    found.set(name, (found.get(name) ?? new Set()).add(value));
  }
  return [...found].map(([name, values]) => ({ name, values: [...values].sort() }));
}

/** The folder that all files share; partitions are the folders `name=value` below it. */
export function dataPlace(prefix: string, files: readonly DataFile[]): DataPlace {
  if (files.length === 0) return { folder: `${prefix}data/`, partitions: [] };
  const paths = files.map(({ key }) => foldersOf(key));
  const plain = paths.map((path) => path.filter((folder) => !isPartition(folder)));
  return {
    folder: `${commonStart(plain).join('/')}/`,
    partitions: partitionsOf(paths.map((path) => path.filter(isPartition))),
  };
}
