/** A copy that keeps what its replaced original held: every table is as if the files had never been others. */
import { writeJson } from '../../../../lakehouse/json';
import type { Lake } from '../../../../lakehouse/lake';
import { manifestKey, snapshotPrefix } from '../../../../lakehouse/manifest';
import { findManifest } from '../../../../lakehouse/snapshots';
import { STEDI_ERASING } from '../../../../lakehouse/stedi/erasing';
import type { SourceName } from '../../../../lakehouse/stedi/fields';
import type { LandedFile } from '../../../../lakehouse/stedi/landing-facts';
import { landingFacts } from '../../../../lakehouse/stedi/landing-facts';
import { STEDI_LANDING } from '../../../../lakehouse/stedi/locations';
import { outcomeOf } from '../../../../lakehouse/stedi/publish-landing';
import { subjectKey } from '../../../../lakehouse/stedi/subject-keys';
import { contentOfTables } from '../../../support/content';
import {
  DAY,
  accelerometerLine,
  customerLine,
  emailOf,
  stediFiles,
  stepLine,
  threePeople,
} from '../../../support/made-stedi';
import type { Files } from '../../../support/recordings';
import { SECRET, keysOf, newLake, temporaryFolder, writeFolder } from '../../../support/recordings';
import { ingestStedi, refreshStedi } from '../../../support/stedi';

const folder = temporaryFolder();
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

async function deliver(lake: Lake, files: Files): Promise<void> {
  await ingestStedi(lake, { source: await writeFolder(folder.path(), files) });
}

async function landed(...deliveries: readonly Files[]): Promise<Lake> {
  const lake = newLake(folder.path());
  for (const files of deliveries) await deliver(lake, files);
  return lake;
}

const landingOf = (lake: Lake, source: SourceName) =>
  findManifest(lake, { dataset: 'stedi', table: STEDI_LANDING[source] });

async function landings(lake: Lake): Promise<Record<string, unknown>> {
  const found = await Promise.all(
    (['customer', 'accelerometer', 'step_trainer'] as const).map(async (source) => {
      const manifest = await landingOf(lake, source);
      return [source, { ...manifest, firstProblems: [...manifest.firstProblems].sort() }] as const;
    }),
  );
  return contentOfTables(lake, Object.fromEntries(found));
}

const tables = async (lake: Lake) => contentOfTables(lake, await refreshStedi(lake));

const made = threePeople();
const steps = (files: Files): Files => ({ ...stediFiles({ ...made, steps: undefined }), ...files });
const [A, B] = ['step_trainer/a.json', 'step_trainer/b.json'];
const both = (lines: readonly string[]): Files => ({ [A]: text(lines), [B]: text(lines) });
const withProblem = [...made.steps, '[]'];
const later = stepLine('serial-ben', DAY + 3);

const CASES: [string, Files][] = [
  ['more lines', { [A]: text([...withProblem, later]) }],
  ['one reading once more', { [A]: text([later, made.steps[3] as string]) }],
  [
    'the same, when a file before it has a reading of both',
    { 'step_trainer/0.json': text([made.steps[0] as string]), [A]: text([...withProblem, later]) },
  ],
];

test.each(CASES)('its original comes with %s', async (_what, changed) => {
  const before = steps(both(withProblem));
  const lake = await landed(before, { ...before, ...changed });
  const fresh = await landed({ ...before, ...changed });
  expect(await landings(lake)).toEqual(await landings(fresh));
  expect(await tables(lake)).toEqual(await tables(fresh));
  expect(await keysOf(lake, 'landing/stedi/ingests/names')).toEqual([]);
});

test('of two rows of a person that changed at one moment the later file counts, as ever', async () => {
  const consented = text([customerLine({ name: 'ann' })]);
  const before = { ...stediFiles(made), 'customer/customer-1.json': '' };
  const [a, b] = ['customer/a.json', 'customer/b.json'];
  const changed = [customerLine({ name: 'dan' }), customerLine({ name: 'ann', consented: null })];
  const after = { [a]: text(changed), [b]: consented };
  const lake = await landed({ ...before, [a]: consented, [b]: consented }, { ...before, ...after });
  expect(await tables(lake)).toEqual(await tables(await landed({ ...before, ...after })));
});

test('a reading that no sensor gives is put aside under the name of its file', async () => {
  const [a, b] = ['accelerometer/a.json', 'accelerometer/b.json'];
  const lines = text([accelerometerLine('ann', DAY + 1, 99)]);
  const before = { ...stediFiles({ ...made, accelerometer: undefined }), [a]: lines, [b]: lines };
  const after = { ...before, [a]: text([accelerometerLine('ben', DAY + 1)]) };
  const lake = await landed(before, after);
  expect(await tables(lake)).toEqual(await tables(await landed(after)));
});

describe('in a lake of a version that left it the name of its original', () => {
  const before = steps(both(withProblem));
  const after = { ...before, ...CASES[0]?.[1] };

  /** As it was published then: the copy has taken over the original's objects. */
  async function earlierLake(): Promise<Lake> {
    const lake = await landed(before);
    const original = landingFacts(await landingOf(lake, 'step_trainer')).files[0] as LandedFile;
    await deliver(lake, after);
    const manifest = await landingOf(lake, 'step_trainer');
    const { ownNames: _, ...facts } = landingFacts(manifest);
    const files = facts.files.map((each) =>
      each.file === B ? { ...original, file: B, fingerprint: each.fingerprint } : each,
    );
    const earlier = { ...manifest, ...outcomeOf(files), facts: { ...facts, files } };
    await writeJson(lake.store, manifestKey(snapshotPrefix(manifest)), earlier);
    return lake;
  }

  test('no reading is lost', async () => {
    expect(await tables(await earlierLake())).toEqual(await tables(await landed(after)));
  });

  test('whatever lands next gives it its own', async () => {
    const lake = await earlierLake();
    const next = { ...after, 'step_trainer/c.json': text([stepLine('serial-ann', DAY + 9)]) };
    await deliver(lake, next);
    expect(await landings(lake)).toEqual(await landings(await landed(next)));
  });

  test('so does an erasure', async () => {
    const lake = await earlierLake();
    const key = subjectKey(SECRET, 'stedi', emailOf('cid'));
    const cid = { dataset: 'stedi', identifier: emailOf('cid'), subjectKey: key };
    const { person } = await STEDI_ERASING.findPerson(lake, cid);
    const request = { dataset: 'stedi', subject: key, erased: key, person };
    await STEDI_ERASING.rewriteLanding(lake, request);
    const { rows, checks } = await landingOf(lake, 'step_trainer');
    expect(rows).toBe(made.steps.length * 2 + 1 - 4);
    expect(checks).toContainEqual({ name: 'more-rows-than-lines', offending: 0 });
  });
});
