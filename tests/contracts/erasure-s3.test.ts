/** Erasing from a versioned bucket: no version of any object holds the person afterwards. */
import { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { STEDI_ERASING } from '../../lakehouse/stedi/erasing';
import { removeHoldings } from '../../lakehouse/erasure/remove';
import { scanLake } from '../../lakehouse/erasure/scan';
import { subjectKey } from '../../lakehouse/stedi/subject-keys';
import { SECRET } from '../support/recordings';
import { BUCKET, useS3 } from '../support/s3';
import { ingestStedi, refreshStedi } from '../support/stedi';
import { writeStedi } from '../support/stedi-people';

jest.setTimeout(120_000);

const s3 = useS3();
const DATASET = 'stedi';
const ERASED = 'ann@example.org';
const PEOPLE = [
  { email: ERASED, name: 'Ann Lee', phone: '8005550001', serial: 'serial-of-ann-0001' },
  { email: 'bob@example.org', name: 'Bob Moss', phone: '8005550002', serial: 'serial-of-bob-2' },
];
const ZONED = /^(customer|accelerometer|step_trainer|machine_learning)\//;

test('every version of what held the person is gone, and nothing else', async () => {
  const options = await s3.options();
  const lake = await s3.lake(options);
  const versions = async () => {
    const request = { Bucket: BUCKET, Prefix: options.prefix };
    const page = await s3.client().send(new ListObjectVersionsCommand(request));
    const keysOf = (all: { Key?: string }[] = []) =>
      all.map(({ Key = '' }) => Key.slice(options.prefix.length));
    return { objects: keysOf(page.Versions), markers: keysOf(page.DeleteMarkers) };
  };
  const source = await writeStedi(await s3.folder(), PEOPLE);
  await ingestStedi(lake, { source });
  await refreshStedi(lake);
  await lake.store.put('customer/trusted/removed-before/data/old.txt', ERASED);
  await lake.store.remove('customer/trusted/removed-before/data/old.txt');
  await lake.store.put('comparisons/activity/1-2.json', `{"subject":"${ERASED}"}`);

  const known = { dataset: DATASET, identifier: ERASED };
  const key = subjectKey(SECRET, DATASET, ERASED);
  const { person } = await STEDI_ERASING.findPerson(lake, { ...known, subjectKey: key });
  await STEDI_ERASING.rewriteLanding(lake, {
    dataset: DATASET,
    subject: '00000000000000aa',
    erased: '00000000000000bb',
    person,
  });
  await refreshStedi(lake);
  const request = { dataset: DATASET, needles: person };
  expect((await scanLake(lake, request)).found.length).toBeGreaterThan(5);
  await removeHoldings(lake, { ...request, instead: '00000000000000aa', graceMs: 0 });

  expect((await scanLake(lake, request)).found).toEqual([]);
  const present: string[] = [];
  for await (const object of lake.store.list('')) present.push(object.key);
  const left = await versions();
  const zoned = (keys: string[]) => keys.filter((each) => ZONED.test(each)).sort();
  // One version of each object, none of a removed one: what is listed is all that there is.
  expect(zoned(left.objects)).toEqual(zoned(present));
  expect(zoned(left.markers)).toEqual([]);
  expect(left.objects.filter((each) => each.startsWith('comparisons/'))).toHaveLength(1);
  expect(String(await lake.store.get('comparisons/activity/1-2.json'))).toContain(
    '00000000000000aa',
  );
  await lake.close();
});
