/** STEDI sources with whatever engines may well see differently, and their tables on two engines. */
import { appendFile, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lake } from '../../lakehouse/lake';
import { withEngine } from '../../lakehouse/lake';
import { generateStedi } from '../../lakehouse/stedi/generator/generate';
import type { StediOptions } from '../../lakehouse/stedi/options';
import { contentOfTables } from './content';
import type { BuiltTables } from './stedi';
import { refreshStedi } from './stedi';

/** Letters, spaces, numbers, whatever is empty. */
/** Newer words of people among them that are put aside, as what they say of the consent is no moment. */
const UNCLEAR = ['İPEK@example.com', ' 🚶@EXAMPLE.com', 'ΟΔΥΣΣΕΥΣ@example.com'].map(
  (email, at) => ({
    ...{ customerName: null, email, serialNumber: `EDGE-${at}-É` },
    ...{ registrationDate: 1_655_000_000_000, lastUpdateDate: at === 2 ? 1 : 1_656_000_000_000 },
    shareWithResearchAsOfDate: 1,
  }),
);

/** Rows of one moment, of which one takes the consent back. */
const TIED = [true, false, true].map((hasConsent, at) => ({
  ...{ email: 'tied@example.com', serialNumber: `EDGE-TIED-${at}` },
  ...{ registrationDate: 1_655_000_000_000 + at, lastUpdateDate: 1_656_000_000_000 },
  ...(hasConsent ? { shareWithResearchAsOfDate: 1_655_000_000_000 } : {}),
}));

const EDGES: Record<string, readonly object[]> = {
  customer: [
    ...UNCLEAR,
    ...TIED,
    ...[
      'İpek@example.com',
      'ΟΔΥΣΣΕΥΣ@example.com',
      'STRASSE@example.com',
      '\u00a0nbsp@example.com\u00a0',
      '\ttab@example.com\t',
      '  spaces@example.com  ',
      'quote"back\\slash@example.com',
      '🚶@example.com',
      'e\u0301@example.com',
      '_@_',
      'Äö🚶@example.com',
    ].map((email, at) => ({
      ...{ customerName: at % 2 ? '' : null, email, birthDay: '987-01-01' },
      serialNumber: `EDGE-${at}-É`,
      ...{ registrationDate: 1_655_000_000_000 + at, lastUpdateDate: 1_655_000_000_000 + at },
      ...(at === 3 ? {} : { shareWithResearchAsOfDate: 1_655_000_000_000 + at }),
    })),
  ],
  accelerometer: [
    ...['i̇pek@example.com', 'οδυσσευς@example.com', 'οδυσσευσ@example.com', 'straße@example.com'],
    ...['nbsp@example.com', 'tab@example.com', 'SPACES@example.com', ' 🚶@example.com', '_@_'],
    ...['é@example.com', 'QUOTE"BACK\\SLASH@EXAMPLE.COM', 'i̇pek@example.com '],
  ].map((user, at) => ({
    ...{ user, timestamp: 1_655_000_000_100 },
    ...{ x: [1e-7, -0.0, 0.1 + 0.2, 1e-300, 16, 16.000001][at % 6], y: at, z: -at / 3 },
  })),
  step_trainer: Array.from({ length: 10 }, (_, at) => ({
    ...{ sensorReadingTime: 1_655_000_000_100, serialNumber: ` edge-${at}-é` },
    distanceFromObject: [0, -0.0, 1e4, 10_000.5, -1e-9, 249.99999999999997][at % 6],
  })),
};

/** Many records in one line, which is cut into pieces, also within letters that take more than one unit. */
const CROWD = [
  ...Array.from({ length: 150 }, (_, at) => `🚶${'🚶'.repeat(at % 7)}é-${at}@example.org`),
  ...['straße@example.com', 'Strasse@example.com', '\te\u0301@example.com', 'E\u0301@EXAMPLE.com'],
]
  .map((email) => JSON.stringify({ email, lastUpdateDate: 1 }).replace('@', '\\u0040'))
  .concat('{"email":"\\u00c4\\u00D6\\ud83d\\udeb6@example.com"}')
  .join('\r');

/** A folder below this one, with every kind of trouble. */
export async function edgyStedi(folder: string, customers: number): Promise<string> {
  const source = await mkdtemp(join(folder, 'source-'));
  const troubled = { respelledShare: 0.3, coincidingShare: 0.3, outOfRangeShare: 0.005 };
  await generateStedi(source, { customers, sharedSerials: 8, ...troubled });
  for (const [name, rows] of Object.entries(EDGES)) {
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    await appendFile(join(source, name, `${name}-edges.json`), lines);
  }
  await appendFile(join(source, 'customer', 'customer-edges.json'), `${CROWD}\n`);
  return source;
}

/** Of a dataset that has landed; one lake for both, so that Spark need not be started again. */
export async function expectSameStedi(
  lake: Lake,
  dataset: string,
  rules: Pick<StediOptions, 'consent' | 'association'>,
): Promise<BuiltTables> {
  const expected = await refreshStedi(withEngine(lake, 'duckdb'), rules, dataset);
  const found = await refreshStedi(withEngine(lake, 'spark'), rules, dataset);
  expect(Object.values(found).map(({ engine }) => engine)).toEqual(Array(5).fill('spark'));
  expect(await contentOfTables(lake, found)).toEqual(await contentOfTables(lake, expected));
  return found;
}
