/** Made-up recordings are read like any others, and are alike to those that they were learned from. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../../core/project-root';
import type { Lake } from '../../../../lakehouse/lake';
import { query } from '../../../../lakehouse/query';
import {
  generateLike,
  statisticsFile,
  type SyntheticArchive,
} from '../../../../lakehouse/synthetic/generate';
import { ingestFormat, refreshFormat } from '../../../support/format-runs';
import {
  archiveFiles,
  newLake,
  temporaryFolder,
  writeZip,
  type RecordingFacts,
} from '../../../support/recordings';

jest.setTimeout(180_000);

const folder = temporaryFolder();
const SAMPLE = join(PROJECT_ROOT, 'data', 'sample', 'watch-exercises.zip');
const LAGS = [1, 5, 20];
const LATER = [...LAGS, 'other'];
const CHANNELS = ['ax', 'ay', 'az', 'wx', 'wy', 'wz'];
const SIZE = { people: 40, minutes: 2 };
const only = ['recordings_trusted'];

async function landed(lake: Lake, source: string, dataset: string): Promise<void> {
  await ingestFormat(lake, 'recordings', { source, dataset });
  await refreshFormat(lake, { dataset }, { only });
}

let lake: Lake;
let archive: string;
beforeAll(async () => {
  lake = newLake(folder.path());
  archive = join(folder.path(), 'made.zip');
  await landed(lake, SAMPLE, 'real');
  await generateLike(lake, { dataset: 'real', archive }, SIZE);
  await landed(lake, archive, 'made');
});

const rowsOf = async (sql: string, dataset: string) =>
  (await query(lake, { sql, dataset, maximumRows: 10_000 })).rows as Record<
    string,
    number | string
  >[];

/** By label: of each channel its quantiles, and how it goes with itself later and with the next channel. */
async function facts(dataset: string) {
  const columns = CHANNELS.flatMap((name, at) => {
    const other = CHANNELS[(at + 1) % CHANNELS.length] as string;
    const later = (lag: number) => `corr(${name}, ${name}_${lag}) AS ${name}_${lag}`;
    return [
      `quantile_cont(${name}, [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98]) AS ${name}_quantiles`,
      `stddev(${name}) AS ${name}_sd`,
      ...LAGS.map(later),
      `corr(${name}, ${other}) AS ${name}_other`,
    ];
  });
  const lags = CHANNELS.flatMap((name) =>
    LAGS.map(
      // Of the same bout: the activity may come again later in the recording.
      (lag) => `CASE WHEN lead(timestamp_ms, ${lag}) OVER bout - timestamp_ms < ${lag * 30}
        THEN lead(${name}, ${lag}) OVER bout END AS ${name}_${lag}`,
    ),
  );
  const sql = `SELECT label, ${columns.join(', ')}
    FROM (SELECT *, ${lags.join(', ')} FROM recordings_trusted
      WHERE label IS NOT NULL WINDOW bout AS (PARTITION BY recording, label ORDER BY timestamp_ms))
    GROUP BY label ORDER BY label`;
  return rowsOf(sql, dataset);
}

type Row = Record<string, number | string>;
const figure = (row: Row, name: string): number => Number(row[name]);

/** Of all channels: of quantiles in standard deviations, and of correlations. */
function differences(real: Row, made: Row): { quantiles: number[]; correlations: number[] } {
  const quantiles = CHANNELS.flatMap((name) => {
    const of = (row: Row) => row[`${name}_quantiles`] as unknown as number[];
    const sd = figure(real, `${name}_sd`);
    return of(real).map((value, at) => Math.abs(value - (of(made)[at] ?? NaN)) / sd);
  });
  const kinds = CHANNELS.flatMap((name) => LATER.map((kind) => `${name}_${kind}`));
  const correlations = kinds.map((kind) => Math.abs(figure(real, kind) - figure(made, kind)));
  return { quantiles, correlations };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

test('each channel keeps its distribution, and how it goes with itself and with others, by activity', async () => {
  const [real, made] = [await facts('real'), await facts('made')];
  expect(made.map(({ label }) => label)).toEqual(real.map(({ label }) => label));
  expect(real.length).toBe(7);
  const alike = real.map((row, at) => differences(row, made[at] as Row));
  const apart = real.map((row, at) => differences(row, real[(at + 1) % 7] as Row));
  const all = (of: typeof alike, kind: 'quantiles' | 'correlations') =>
    of.flatMap((each) => each[kind]);
  // Of a standard deviation. Few people stand for an activity here: what is usual for them is drawn, too.
  expect(mean(all(alike, 'quantiles'))).toBeLessThan(0.15);
  expect(mean(all(alike, 'correlations'))).toBeLessThan(0.05);
  // One activity is no match for the next.
  expect(mean(all(apart, 'quantiles'))).toBeGreaterThan(0.4);
  expect(mean(all(apart, 'correlations'))).toBeGreaterThan(0.12);
});

test('made-up people differ from each other as real ones do', async () => {
  const spread = async (dataset: string): Promise<number> => {
    const sql = `SELECT avg(apart) AS apart FROM (SELECT label, stddev(usual) AS apart
      FROM (SELECT label, subject_key, avg(ay) AS usual FROM recordings_trusted
        WHERE label IS NOT NULL GROUP BY ALL) GROUP BY label)`;
    return Number((await rowsOf(sql, dataset))[0]?.apart);
  };
  const [real, made] = [await spread('real'), await spread('made')];
  expect(made / real).toBeGreaterThan(0.6);
  expect(made / real).toBeLessThan(1.7);
});

test('what it was learned from is written down beside it', async () => {
  const text = await readFile(statisticsFile(archive), 'utf8');
  const told = JSON.parse(text) as SyntheticArchive;
  expect(told).toMatchObject({ dataset: 'real', rateHz: 50, leftOut: [], options: SIZE });
  const seconds = told.activities.reduce((sum, { madeSeconds }) => sum + madeSeconds, 0);
  expect(seconds).toBeCloseTo(SIZE.people * SIZE.minutes * 60, 6);
  for (const { people, segments } of told.activities) {
    expect(people).toBeGreaterThanOrEqual(3);
    expect(segments).toBeGreaterThanOrEqual(people);
  }
  const [counted] = await rowsOf('SELECT count(*) AS n FROM recordings_trusted', 'made');
  expect(counted).toEqual({ n: SIZE.people * SIZE.minutes * 60 * 50 });
});

test('the same seed gives the same bytes, another one others; nothing is written over', async () => {
  // Learned from anew each time, from little: several people and activities.
  const recordings = ['P1', 'P2', 'P3'].flatMap((subject) =>
    ['resting', 'walking'].map((label, at) => ({
      ...{ recording: `${subject}-${label}`, subject, device: subject, label },
      ...{ startMs: at * 30_000, samples: 600, periodMs: 40 },
    })),
  );
  await landed(lake, await writeZip(folder.path(), archiveFiles(recordings)), 'small');
  const make = async (name: string, seed: number) => {
    const target = join(folder.path(), name);
    await generateLike(
      lake,
      { dataset: 'small', archive: target },
      { people: 1, minutes: 0.5, seed },
    );
    return readFile(target);
  };
  const first = await make('first.zip', 1);
  expect((await make('second.zip', 1)).equals(first)).toBe(true);
  expect((await make('third.zip', 2)).equals(first)).toBe(false);
  await expect(make('first.zip', 3)).rejects.toMatchObject({ code: 'TARGET_EXISTS' });
  expect((await readFile(join(folder.path(), 'first.zip'))).equals(first)).toBe(true);
});

test('what too few people do is left out, and nothing is made of nothing', async () => {
  const person = (number: number, label: string): RecordingFacts => ({
    ...{ recording: `r${number}`, subject: `P${number}`, device: `w${number}` },
    ...{ samples: 600, periodMs: 40, label },
  });
  const source = await writeZip(
    folder.path(),
    archiveFiles([1, 2, 3, 4, 5].map((at) => person(at, at > 3 ? 'rare' : 'usual'))),
  );
  await landed(lake, source, 'few');
  const target = join(folder.path(), 'few.zip');
  const from = { dataset: 'few', archive: target };
  const nobody = generateLike(lake, from, { leastPeople: 4 });
  await expect(nobody).rejects.toMatchObject({ code: 'STATISTICS_TOO_FEW' });
  await expect(stat(target)).rejects.toMatchObject({ code: 'ENOENT' });
  const { activities, leftOut } = await generateLike(lake, from, { people: 1, minutes: 1 });
  expect([activities.map(({ activity }) => activity), leftOut]).toEqual([['usual'], ['rare']]);
  await expect(
    generateLike(lake, { ...from, dataset: 'nope', archive: `${target}2` }),
  ).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
});

test('short recordings show each activity for as much of the time as long ones', async () => {
  // A minute of rest and twelve seconds of walking in turn: half of the bouts, a sixth of the time.
  const files = archiveFiles(
    ['P1', 'P2', 'P3'].map((subject) => ({
      ...{ recording: subject, subject, device: subject, label: 'resting' },
      ...{ samples: 3 * 1800, periodMs: 40 },
    })),
  );
  for (const [name, text] of Object.entries(files)) {
    if (!name.startsWith('recordings/')) continue;
    const lines = text.split('\n');
    files[name] = lines
      .map((line, at) => ((at - 1) % 1800 < 1500 ? line : line.replace('resting', 'walking')))
      .join('\n');
  }
  await landed(lake, await writeZip(folder.path(), files), 'turns');
  const restOf = async (people: number, minutes: number): Promise<number> => {
    const target = join(folder.path(), `turns-${minutes}.zip`);
    const from = { dataset: 'turns', archive: target };
    const { activities } = await generateLike(lake, from, { people, minutes });
    const rest = activities.find(({ activity }) => activity === 'resting');
    return (rest?.madeSeconds ?? 0) / (people * minutes * 60);
  };
  expect(await restOf(4, 30)).toBeCloseTo(5 / 6, 1);
  // Ten seconds each.
  expect(await restOf(300, 1 / 6)).toBeCloseTo(5 / 6, 1);
});
