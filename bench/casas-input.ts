/** Smartwatch files of any size for the benches: made once, and the same again under other names. */
import { createWriteStream } from 'node:fs';
import { link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { generateCasas } from '../lakehouse/casas/generator/generate';
import { runProgram } from './run-program';

export interface BenchFiles {
  readonly folder: string;
  readonly bytes: number;
  readonly lines: number;
  /** Rows by table, as whoever made the files knows them. */
  readonly expected: Readonly<Record<'casas_landing' | 'recordings_trusted', number>>;
}

// A gigabyte in all; what no leg but ours could put aside is left out.
const MADE = { participants: 8, hours: 16, malformedShare: 0 };

/** One gigabyte of CSV, a file for each of eight participants. */
export async function makeFiles(folder: string): Promise<BenchFiles> {
  const archive = join(folder, 'made.zip');
  const made = await generateCasas(archive, MADE);
  const files = join(folder, 'made');
  await runProgram('unzip', ['-q', archive, '-d', files]);
  await rm(archive);
  return {
    ...{ folder: files, bytes: made.bytes, lines: made.lines },
    expected: { casas_landing: made.landing.rows, recordings_trusted: made.trusted.rows },
  };
}

async function csvBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.csv')).sort();
}

/** So many times the files, which are a gigabyte, each copy of another participant. */
export async function copyFiles(
  of: BenchFiles,
  folder: string,
  times: number,
): Promise<BenchFiles> {
  if (!Number.isInteger(times) || times < 1) throw new Error(`${times} is no number of gigabytes`);
  await mkdir(folder, { recursive: true });
  for (const [at, name] of (await csvBelow(of.folder)).entries()) {
    for (let copy = 0; copy < times; copy += 1) {
      await link(join(of.folder, name), join(folder, `bench.p${at}c${copy}.csv`));
    }
  }
  const { casas_landing: landed, recordings_trusted: trusted } = of.expected;
  return {
    ...{ folder, bytes: of.bytes * times, lines: of.lines * times },
    expected: { casas_landing: landed * times, recordings_trusted: trusted * times },
  };
}

/** Bytes of the archive that holds them. */
export async function zipFiles({ folder }: BenchFiles, archive: string): Promise<number> {
  const zip = new ZipFile();
  for (const name of await csvBelow(folder)) {
    zip.addFile(join(folder, name), name, { compressionLevel: 1 });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(archive));
  return (await stat(archive)).size;
}
