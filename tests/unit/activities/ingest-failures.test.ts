/** What a failed ingest leaves in a history where the files are named after people. */
import { readFile, writeFile } from 'node:fs/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createIngestActivities } from '../../../activities/ingest-activities';
import { subjectKeyOf } from '../../../lakehouse/landing/ingest-plan';
import { CASAS_COLUMNS, casasFile, samples } from '../../support/casas';
import { newLake, SECRET, temporaryFolder, writeZip } from '../../support/recordings';

const folder = temporaryFolder();
const good = casasFile(samples(Date.UTC(2021, 5, 1, 8), 3));
const key = subjectKeyOf(SECRET, 'wsu', 'ann.smith');

async function failureOf(source: string): Promise<Error> {
  const { openArchive, landBatch } = createIngestActivities({
    lake: newLake(folder.path()),
    subjectKey: SECRET,
  });
  const ingest = async () => {
    const { planKey } = await openArchive({ source, dataset: 'wsu', format: 'casas' });
    await landBatch({ planKey, batch: 0 });
  };
  const told: unknown = await new MockActivityEnvironment()
    .run(ingest)
    .catch((error: unknown) => error);
  expect(told).toBeInstanceOf(Error);
  return told as Error;
}

/** All that is written down of it. */
const written = (error: unknown): string =>
  error instanceof Error
    ? [error.message, error.stack, JSON.stringify(error), written(error.cause)].join('\n')
    : '';

async function damaged(files: Record<string, string>): Promise<string> {
  const path = await writeZip(folder.path(), files);
  const bytes = await readFile(path);
  const at = bytes.lastIndexOf(Buffer.from('PK\u0003\u0004')) + 60;
  bytes[at] = (bytes[at] as number) ^ 0xff;
  await writeFile(path, bytes);
  return path;
}

test.each<[string, () => Promise<string>, string, string]>([
  [
    'a column is missing in a file',
    () => {
      const columns = CASAS_COLUMNS.filter((name) => name !== 'yaw');
      const bad = casasFile(samples(0, 3), columns);
      return writeZip(folder.path(), { 'bob.csv': good, 'people/ann.smith.csv': bad });
    },
    'COLUMN_MISSING',
    `recording ${key} (file 2 of the source)`,
  ],
  [
    'the bytes of a file are damaged',
    () => damaged({ 'bob.csv': good, 'ann.smith.csv': good }),
    'ARCHIVE_CORRUPT',
    `recording ${key} (file 2 of the source)`,
  ],
  [
    'two files are of one person',
    () => writeZip(folder.path(), { 'a/ann.smith.csv': good, 'b/ann.smith.csv': good }),
    'METADATA_INVALID',
    `recording ${key} (file 1 of the source)`,
  ],
  [
    'the source cannot be opened for what a file is said to be',
    async () => {
      const path = await writeZip(folder.path(), { 'ann.smith.csv': good, 'bnn.smith.csv': good });
      const bytes = await readFile(path, 'latin1');
      await writeFile(path, bytes.replaceAll('bnn.smith', 'ann.smith'), 'latin1');
      return path;
    },
    'ARCHIVE_MEMBER_DUPLICATE',
    `recording ${key}`,
  ],
])('names the recording, not the file, when %s', async (_, made, type, named) => {
  const failure = await failureOf(await made());
  expect(failure).toMatchObject({ type });
  expect(failure.message).toContain(named);
  expect(written(failure)).not.toContain('ann.smith');
});
