/** Ingests and an erasure that publish one table at the same time: every row lands, and the person goes. */
import { pseudonym } from '../../../core/hash';
import type { FormatName } from '../../../lakehouse/dataset-format';
import type { RemovedRows } from '../../../lakehouse/erasure/erasing-format';
import { formatNamed } from '../../../lakehouse/formats';
import type { Lake } from '../../../lakehouse/lake';
import { loadPlan } from '../../../lakehouse/landing/ingest-folder';
import { query } from '../../../lakehouse/query';
import { openSource } from '../../../lakehouse/sources/open-source';
import { NOBODY } from '../../../lakehouse/suppression';
import { ingestFormat } from '../../support/format-runs';
import { accelerometerLine, DAY, emailOf } from '../../support/made-stedi';
import {
  archiveFiles,
  keysOf,
  newLake,
  SECRET,
  temporaryFolder,
  writeFolder,
  type Files,
} from '../../support/recordings';
import { inTurns, seenInTurns, untilPublished } from '../../support/turns';

const folder = temporaryFolder();
const DATASET = 'trial';

const recording = (name: string, subject: string): Files =>
  archiveFiles([{ recording: name, subject, samples: 20 }]);

const readings = (name: string, person: string): Files => ({
  [`accelerometer/accelerometer-${name}.json`]: [1, 2]
    .map((at) => `${accelerometerLine(person, DAY + at)}\n`)
    .join(''),
});

// All have read what is there before the first publishes: then they go on by turns, or one after the other to its end.
const BY_TURNS: number[] = [];
const LAST_FIRST = [0, 0, 0, ...Array<number>(100).fill(5)];

interface Case {
  readonly format: FormatName;
  readonly files: (name: string, person: string) => Files;
  readonly identifierOf: (person: string) => string;
  readonly choices: readonly number[];
  /** Who has rows, and how many. */
  readonly sql: string;
  readonly rowsEach: number;
}

const CASES: Case[] = [
  {
    format: 'recordings',
    files: recording,
    choices: LAST_FIRST,
    identifierOf: (person) => person,
    rowsEach: 20,
    sql: 'SELECT subject AS who, count(*) AS n FROM recordings_landing GROUP BY 1 ORDER BY 1',
  },
  {
    format: 'stedi',
    files: readings,
    choices: BY_TURNS,
    identifierOf: emailOf,
    rowsEach: 2,
    sql: 'SELECT "user" AS who, 10 * count(*) AS n FROM accelerometer_landing GROUP BY 1 ORDER BY 1',
  },
];

/** All but publishing, which the function that is returned does. */
async function landing(lake: Lake, name: FormatName, files: Files) {
  const format = formatNamed(name);
  const from = await writeFolder(folder.path(), files);
  const source = await openSource(from, { extensions: format.extensions });
  const request = { dataset: DATASET, source, secret: SECRET, suppression: NOBODY };
  const { planKey, batches } = await format.openIngest(lake, request);
  const plan = await loadPlan(lake, planKey);
  for (let batch = 0; batch < batches; batch += 1) {
    await format.landBatch(lake, { ...request, plan, batch });
  }
  await source.close();
  return (own: Lake) => untilPublished(() => format.publishLanding(own, plan, {}));
}

/** `removed`: by table and snapshot, what the erasure has written down. */
async function erasing(
  lake: Lake,
  { format: name, identifierOf }: Case,
  { who, removed }: { who: string; removed: Map<string, number> },
) {
  const { erasing: format } = formatNamed(name);
  const identifier = format.identifierOf(identifierOf(who));
  const subjectKey = pseudonym(SECRET, DATASET, identifier);
  const known = { dataset: DATASET, identifier, subjectKey };
  const { person } = await format.findPerson(lake, known);
  const remember = async ({ table, snapshotId, rows }: RemovedRows) =>
    void removed.set(`${table}/${snapshotId}`, rows);
  const request = { dataset: DATASET, subject: subjectKey, erased: subjectKey, person, remember };
  return (own: Lake) => untilPublished(() => format.rewriteLanding(own, request));
}

test.each(CASES)('$format: each finds what the others have published', async (given) => {
  const { format, files, identifierOf, sql, choices, rowsEach } = given;
  const lake = newLake(folder.path());
  await ingestFormat(lake, format, {
    source: await writeFolder(folder.path(), files('first', 'ann')),
    dataset: DATASET,
  });
  const removed = new Map<string, number>();
  const writers = [
    await landing(lake, format, files('second', 'ben')),
    await erasing(lake, given, { who: 'ann', removed }),
    await landing(lake, format, files('third', 'cem')),
  ];
  await inTurns(
    choices,
    writers.map((write) => async (turn) => void (await write(seenInTurns(lake, turn)))),
  );
  const { rows } = await query(lake, { sql, dataset: DATASET });
  expect(rows).toEqual([
    { who: identifierOf('ben'), n: 20 },
    { who: identifierOf('cem'), n: 20 },
  ]);
  // Tried again as the others were faster, it counts what went, not what it has tried.
  expect([...removed.values()].reduce((sum, n) => sum + n, 0)).toBe(rowsEach);
  const left = await keysOf(lake, `landing/${DATASET}/ingests/`);
  expect(left.filter((key) => !/plan-|erasure/.test(key))).toEqual([]);
});
