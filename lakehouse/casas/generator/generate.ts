/** Makes archives of the format `casas` of any size, and beside them what the tables must come to hold. */
import { besideArchive, describeArchive, writeArchive } from '../../write-archive';
import type { Expected } from './expected';
import { nothingExpected } from './expected';
import type { GeneratorOptions } from './options';
import { checkedOptions } from './options';
import { participantFile } from './participant';

export interface GeneratedArchive extends Expected {
  readonly formatVersion: 1;
  readonly options: GeneratorOptions;
  readonly participants: number;
  /** Of the files in the archive, and of the archive itself. */
  readonly bytes: number;
  readonly archiveBytes: number;
}

export const expectedFile = (archive: string): string => besideArchive(archive, 'expected');

interface Progress {
  readonly participants: number;
  readonly bytes: number;
}

/** The same options give the same files. TARGET_EXISTS when there is such an archive already. */
export async function generateCasas(
  archive: string,
  given: Partial<GeneratorOptions> = {},
  onProgress?: (done: Progress) => void,
): Promise<GeneratedArchive> {
  const options = checkedOptions(given);
  const expected = nothingExpected();
  const { participants } = options;
  const files = Array.from({ length: participants }, (_, at) => ({
    name: `made/sw1.p${at + 1}.csv`,
    chunks: () => participantFile(options, at + 1, expected),
  }));
  const written = await writeArchive(archive, files, ({ file, bytes }) =>
    onProgress?.({ participants: file + 1, bytes }),
  );
  const facts = { formatVersion: 1, options, participants, ...written } as const;
  const generated: GeneratedArchive = { ...facts, ...expected };
  await describeArchive(archive, expectedFile(archive), generated);
  return generated;
}
