/** A file that comes again under another name: nothing is doubled, nothing is lost with its original. */
import { copyFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lake } from '../../../../lakehouse/lake';
import { findManifest } from '../../../../lakehouse/snapshots';
import { withoutCopies } from '../../../../lakehouse/stedi/copies';
import { STEDI_ERASING } from '../../../../lakehouse/stedi/erasing';
import { SOURCE_FIELDS } from '../../../../lakehouse/stedi/fields';
import { landingFacts } from '../../../../lakehouse/stedi/landing-facts';
import {
  DAY,
  accelerometerLine,
  emailOf,
  stediFiles,
  threePeople,
} from '../../../support/made-stedi';
import { SECRET, newLake, temporaryFolder, writeFolder } from '../../../support/recordings';
import { ingestStedi, refreshStedi, rowsOfTables } from '../../../support/stedi';
import { subjectKey } from '../../../../lakehouse/stedi/subject-keys';

const folder = temporaryFolder();

async function landed(accelerometer = threePeople().accelerometer) {
  const lake = newLake(folder.path());
  const files = stediFiles({ ...threePeople(), accelerometer });
  const source = await writeFolder(folder.path(), files);
  await ingestStedi(lake, { source });
  const path = (name: string) => join(source, 'accelerometer', name);
  const copy = (to: string) => copyFile(path('accelerometer-1.json'), path(to));
  const ingest = async () => (await ingestStedi(lake, { source })).tables?.accelerometer_landing;
  return { lake, source, path, copy, ingest };
}

const factsOf = async (lake: Lake) =>
  landingFacts(await findManifest(lake, { dataset: 'stedi', table: 'accelerometer_landing' }))
    .files;

test('its lines are counted by their reason, and every table keeps its rows', async () => {
  const { lake, copy, ingest } = await landed([...threePeople().accelerometer, '[]']);
  const before = rowsOfTables(await refreshStedi(lake));
  await copy('accelerometer-2.json');
  expect(await ingest()).toMatchObject({
    ...{ rows: 6, quarantined: { 'not-an-object': 1 } },
    dropped: { 'file-sent-again': 7 },
  });
  expect(rowsOfTables(await refreshStedi(lake))).toEqual(before);
  expect(await ingest()).toMatchObject({ reused: true });
});

test('copies that come in one ingest land once', async () => {
  const lake = newLake(folder.path());
  const files = stediFiles(threePeople());
  const again = {
    'step_trainer/step_trainer-9.json': files['step_trainer/step_trainer-1.json'] ?? '',
  };
  const source = await writeFolder(folder.path(), { ...files, ...again });
  const { tables } = await ingestStedi(lake, { source });
  expect(tables?.step_trainer_landing).toMatchObject({
    rows: 6,
    dropped: { 'file-sent-again': 6 },
  });
});

test('when the original gets another content, its copies keep what it held', async () => {
  const { lake, path, copy, ingest } = await landed();
  await Promise.all(['accelerometer-2.json', 'accelerometer-3.json'].map(copy));
  await ingest();
  await writeFile(path('accelerometer-1.json'), `${accelerometerLine('ben', DAY + 8)}\n`);
  expect(await ingest()).toMatchObject({ rows: 7, dropped: { 'file-sent-again': 6 } });
  const of = (await factsOf(lake)).map(({ file, copyOf, rows }) => [file, copyOf, rows]);
  expect(of.sort()).toEqual([
    ['accelerometer/accelerometer-1.json', undefined, 1],
    ['accelerometer/accelerometer-2.json', undefined, 6],
    ['accelerometer/accelerometer-3.json', 'accelerometer/accelerometer-2.json', 6 - 6],
  ]);
});

test('a copy that gets a content of its own lands', async () => {
  const { path, copy, ingest } = await landed();
  await copy('accelerometer-2.json');
  await ingest();
  await writeFile(path('accelerometer-2.json'), `${accelerometerLine('ben', DAY + 8)}\n`);
  expect(await ingest()).toMatchObject({ rows: 7, dropped: {} });
});

describe('of a file that a person was erased from', () => {
  const key = subjectKey(SECRET, 'stedi', emailOf('ann'));
  const suppression = {
    keys: async () => new Set([key]),
    keyOf: (dataset: string, identifier: string) => subjectKey(SECRET, dataset, identifier),
  };

  async function annErased() {
    const made = await landed();
    const before = rowsOfTables(await refreshStedi(made.lake));
    const ann = { dataset: 'stedi', identifier: emailOf('ann'), subjectKey: key };
    const { person } = await STEDI_ERASING.findPerson(made.lake, ann);
    const request = { dataset: 'stedi', subject: key, erased: key, person };
    await STEDI_ERASING.rewriteLanding(made.lake, request);
    return { ...made, before };
  }

  test('a copy brings nobody back, and doubles nobody else', async () => {
    const { lake, source, copy } = await annErased();
    await copy('accelerometer-2.json');
    const { tables } = await ingestStedi(lake, { source, suppression });
    expect(tables?.accelerometer_landing).toMatchObject({
      ...{ rows: 4, dropped: { 'consent-withdrawn': 2, 'file-sent-again': 6 } },
    });
  });

  test('under a new name alone it lands with the person once they may land again', async () => {
    const { lake, source, path, before } = await annErased();
    await rename(path('accelerometer-1.json'), path('accelerometer-2.json'));
    const { tables } = await ingestStedi(lake, { source });
    expect(tables?.accelerometer_landing).toMatchObject({
      ...{ rows: 6, dropped: { 'file-sent-again': 6 } },
    });
    expect(rowsOfTables(await refreshStedi(lake))).toEqual(before);
    expect(await ingestStedi(lake, { source })).toMatchObject({ alreadyLanded: true });
  });

  test('beside its copy both land again as one', async () => {
    const { lake, source, copy, before } = await annErased();
    await copy('accelerometer-2.json');
    await ingestStedi(lake, { source, suppression });
    const { tables } = await ingestStedi(lake, { source });
    expect(tables?.accelerometer_landing).toMatchObject({
      ...{ rows: 6, dropped: { 'file-sent-again': 6 } },
    });
    expect(rowsOfTables(await refreshStedi(lake))).toEqual(before);
    expect(await ingestStedi(lake, { source })).toMatchObject({ alreadyLanded: true });
  });
});

test('once a rule was mended, a copy takes the place of the original that it was too strict for', async () => {
  // As if every moment had to be a text once.
  const stricter = SOURCE_FIELDS.accelerometer.map((each) =>
    each.name === 'timestamp' ? { ...each, type: 'text' as const } : each,
  );
  const replaced = jest.replaceProperty(SOURCE_FIELDS, 'accelerometer', stricter);
  const { copy, ingest } = await landed().finally(() => replaced.restore());
  await copy('accelerometer-2.json');
  expect(await ingest()).toMatchObject({
    ...{ rows: 6, quarantined: {}, dropped: { 'file-sent-again': 6 } },
  });
});

test('an equal length and checksum alone make no copy: the rows decide', async () => {
  const { lake, path, ingest } = await landed();
  const others = threePeople().accelerometer.map((line) => line.replace('0.5', '0.25'));
  await writeFile(path('accelerometer-2.json'), `${others.join('\n')}\n`);
  await ingest();
  const [first, second] = (await factsOf(lake)).map((each) => ({ ...each, content: 'equal' }));
  if (first === undefined || second === undefined) throw new Error('two files have landed');
  const found = await withoutCopies(lake, 'accelerometer', { present: [first], fresh: [second] });
  expect(found.map(({ copyOf }) => copyOf)).toEqual([undefined, undefined]);
});
