/** What the generator says of its data is what the tables come to hold. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { EXPECTED_FILE, generateStedi } from '../../../../lakehouse/stedi/generator/generate';
import { rulesName, TRUSTED_AND_CURATED } from '../../../../lakehouse/stedi/generator/expected';
import type { GeneratorOptions } from '../../../../lakehouse/stedi/generator/options';
import { STEDI_LANDING } from '../../../../lakehouse/stedi/locations';
import { ASSOCIATIONS, CONSENT_RULES } from '../../../../lakehouse/stedi/options';
import { newLake, temporaryFolder } from '../../../support/recordings';
import { ingestStedi, refreshStedi } from '../../../support/stedi';

const folder = temporaryFolder();
const newFolder = (): Promise<string> => mkdtemp(join(folder.path(), 'made-'));

/** Every kind of trouble often enough to meet in a few dozen people. */
const TROUBLED: Partial<GeneratorOptions> = {
  lateConsentShare: 0.2,
  withoutReadingsShare: 0.2,
  againShare: 0.3,
  noEmailShare: 0.02,
  respelledShare: 0.3,
  coincidingShare: 0.4,
  strangerShare: 0.05,
  outOfRangeShare: 0.01,
  resentShare: 0.05,
  malformedShare: 0.01,
  moments: 6,
  linesPerFile: 150,
};

async function holdsFor(options: Partial<GeneratorOptions>): Promise<void> {
  const source = await newFolder();
  const expected = await generateStedi(source, options);
  const lake = newLake(folder.path());
  const { tables: landed = {} } = await ingestStedi(lake, { source });
  for (const [name, table] of Object.entries(STEDI_LANDING)) {
    const { rows, quarantined } = expected.landing[name as keyof typeof STEDI_LANDING];
    expect([name, landed[table]]).toMatchObject([name, { rows, quarantined, dropped: {} }]);
    expect(landed[table]?.quarantined).toEqual(quarantined);
  }
  for (const consent of CONSENT_RULES) {
    for (const association of ASSOCIATIONS) {
      const built = await refreshStedi(lake, { consent, association });
      const found = Object.fromEntries(
        TRUSTED_AND_CURATED.map((name) => {
          const { rows, quarantined, dropped, noted = {} } = built[name] ?? {};
          return [name, { rows, quarantined, dropped, noted }];
        }),
      );
      expect(found).toEqual(expected.tables[rulesName({ consent, association })]);
    }
  }
}

test('the counts that it works out are those of the tables, whatever the seed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 2 ** 31 }),
      fc.integer({ min: 1, max: 50 }),
      fc.double({ min: 0, max: 0.25, noNaN: true }),
      async (seed, customers, shared) =>
        holdsFor({ ...TROUBLED, seed, customers, sharedSerials: Math.floor(customers * shared) }),
    ),
    { numRuns: 8 },
  );
}, 300_000);

test('the usual mixture', () => holdsFor({ customers: 200, sharedSerials: 5 }));

test('each kind of trouble is there', async () => {
  const { landing, tables } = await generateStedi(await newFolder(), {
    ...TROUBLED,
    customers: 1500,
    sharedSerials: 50,
  });
  for (const { quarantined } of Object.values(landing)) {
    expect(Object.keys(quarantined).sort()).toEqual([
      'epoch-in-seconds',
      'epoch-out-of-range',
      'field-missing',
      'json-malformed',
      'not-an-object',
      'not-utf-8',
      'wrong-type',
    ]);
  }
  const made = tables['from-date, timestamp'];
  expect(Object.keys(made?.customer_trusted.dropped ?? {})).toHaveLength(2);
  expect(Object.keys(made?.customer_trusted.quarantined ?? {})).toHaveLength(1);
  expect(Object.keys(made?.accelerometer_trusted.dropped ?? {})).toHaveLength(4);
  expect(Object.keys(made?.accelerometer_trusted.quarantined ?? {})).toHaveLength(1);
  expect(Object.keys(made?.accelerometer_trusted.noted ?? {})).toHaveLength(1);
  expect(Object.keys(made?.customer_curated.dropped ?? {})).toHaveLength(2);
  expect(Object.keys(made?.step_trainer_trusted.dropped ?? {})).toHaveLength(3);
  expect(Object.keys(made?.step_trainer_trusted.quarantined ?? {})).toHaveLength(1);
  expect(Object.keys(made?.machine_learning_curated.dropped ?? {})).toHaveLength(1);
  const byPerson = tables['from-date, person']?.machine_learning_curated.rows ?? 0;
  expect(made?.machine_learning_curated.rows).toBeGreaterThan(byPerson);
});

test('a device that several people claim stays with the one who used it', async () => {
  const options = { customers: 60, sharedSerials: 15, consentShare: 1, lateConsentShare: 0 };
  const nobodyElse = {
    againShare: 0,
    withoutReadingsShare: 0,
    strangerShare: 0,
    malformedShare: 0,
    resentShare: 0,
  };
  const { tables, landing } = await generateStedi(await newFolder(), { ...options, ...nobodyElse });
  // Nobody's step reading is lost, so each device went to the person at whose moments it was read.
  const made = tables['any, person'];
  expect(made?.step_trainer_trusted.rows).toBeGreaterThan(landing.step_trainer.rows * 0.99);
  expect(made?.machine_learning_curated.dropped['no-accelerometer-reading'] ?? 0).toBeLessThan(
    landing.step_trainer.rows * 0.05,
  );
});

test('a device whose user does not consent is used for nobody else', async () => {
  const options = { customers: 400, sharedSerials: 100, withoutReadingsShare: 0, moments: 5 };
  const { tables } = await generateStedi(await newFolder(), options);
  // Each device has one user, and about half of them do not consent.
  const curated = tables['any, person']?.customer_curated;
  expect(curated?.rows).toBeLessThan(400 / 2);
  expect(curated?.dropped['shared-serial-number']).toBeGreaterThan(100 / 2);
});

test('the same seed gives the same bytes, and the counts lie beside the data', async () => {
  const [one, two, other] = [await newFolder(), await newFolder(), await newFolder()];
  const options = { customers: 40, linesPerFile: 1000 };
  const { files } = await generateStedi(one, options);
  await generateStedi(two, options);
  await generateStedi(other, { ...options, seed: 1 });
  const bytes = (of: string) =>
    Promise.all([...files, EXPECTED_FILE].map((file) => readFile(join(of, file))));
  expect(await bytes(one)).toEqual(await bytes(two));
  expect(await readFile(join(one, 'customer/customer-00001.json'))).not.toEqual(
    await readFile(join(other, 'customer/customer-00001.json')),
  );
});

test('it writes into an empty folder alone, and names an option that cannot be', async () => {
  await expect(generateStedi(folder.path())).rejects.toMatchObject({ code: 'TARGET_EXISTS' });
  const made = generateStedi(await newFolder(), { customers: 4, sharedSerials: 2 });
  await expect(made).rejects.toMatchObject({ context: { field: 'sharedSerials' } });
  await expect(generateStedi(await newFolder(), { malformedShare: 2 })).rejects.toThrow(
    'malformedShare',
  );
});
