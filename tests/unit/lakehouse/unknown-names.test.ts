/** Whoever names what the lake does not have is told what it has. */
import { datasetDescriptor } from '../../../lakehouse/landing/descriptor';
import type { Lake } from '../../../lakehouse/lake';
import { listQuarantine, showQuarantine } from '../../../lakehouse/read-quarantine';
import { trainingWindows } from '../../../lakehouse/training-windows';
import { findManifest } from '../../../lakehouse/snapshots';
import {
  archiveFiles,
  ingestInto,
  newLake,
  temporaryFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();
let lake: Lake;

beforeAll(async () => {
  lake = newLake(folder.path());
  for (const dataset of ['watch', 'ward']) {
    const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
    await ingestInto(lake, { source, dataset });
  }
});

const shown = { withRaw: false, maximumRows: 5 };
const { signal } = new AbortController();

test.each<[string, () => Promise<unknown>]>([
  ['its description', () => datasetDescriptor(lake, 'nope')],
  ['what is trained on', () => trainingWindows(lake, { dataset: 'nope', signal })],
  ['its quarantine', () => listQuarantine(lake, { dataset: 'nope' })],
  ['a table in quarantine', () => showQuarantine(lake, { dataset: 'nope', table: 't', ...shown })],
])('a dataset that does not exist is said, with those that do: %s', async (_what, work) => {
  await expect(work()).rejects.toMatchObject({
    code: 'DATASET_NOT_FOUND',
    message: 'There is no dataset nope; there are: ward, watch.',
    remedy: expect.stringContaining('`npx watchlake ingest <archive> --dataset <name>`') as string,
  });
});

test('a table that does not exist is said, with those of its dataset', async () => {
  const wanted = { dataset: 'watch', table: 'nope' };
  await expect(showQuarantine(lake, { ...wanted, ...shown })).rejects.toMatchObject({
    code: 'TABLE_NOT_FOUND',
    message:
      'There is no published table nope in the dataset watch, which has: recordings_landing.',
  });
});

test('a lake that is empty, or may not be listed, says no names', async () => {
  const of = { dataset: 'nope', table: 'windows' };
  const empty = newLake(folder.path());
  const message = 'There is no dataset nope.';
  await expect(findManifest(empty, of)).rejects.toMatchObject({ message });

  const list = async (one?: { dataset?: string }) => {
    if (one?.dataset === undefined) throw new Error('denied');
    return lake.catalog.list(one);
  };
  const catalog = Object.assign(Object.create(lake.catalog) as Lake['catalog'], { list });
  await expect(findManifest({ ...lake, catalog }, of)).rejects.toMatchObject({ message });
});
