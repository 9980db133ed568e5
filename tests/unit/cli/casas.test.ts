/** Smartwatch archives on the command line: how they are made, landed, built and looped over. */
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  fakeClient,
  fakeContext,
  onlyObject,
  run,
  type FakeTemporal,
  type RunCall,
} from './fake-surroundings';

const forgotten: string[] = [];

async function inputsOf(words: string[], fake: FakeTemporal = { result: {} }) {
  const calls: RunCall[] = [];
  const client = fakeClient(fake, calls);
  const sourceHash = async () => 'c0ffee';
  const forgetSource = async (source: string) => void forgotten.push(source);
  const readState = async () => null;
  const connect = async () => fakeContext({ client });
  const services = { connect, readState, sourceHash, forgetSource };
  await run([...words, '--json'], { services });
  return calls.map(({ workflowId, input }) => ({ workflowId, input }));
}

/** What a person reads of a landing; each test says what is particular about its result. */
async function told(particular: object): Promise<string> {
  const landed = { table: 'casas_landing', rows: 12, members: 1, quarantined: {}, snapshotId: 'a' };
  const result = { ...landed, ...particular };
  const connect = async () => fakeContext({ client: fakeClient({ result }, []) });
  const services = { connect, sourceHash: async () => 'c0ffee', readState: async () => null };
  return (await run(['ingest', '/data/a.zip', '--dataset', 'wsu'], { services })).stdout;
}

test('an archive is landed in its format', async () => {
  const words = ['ingest', '/data/group1.zip', '--format', 'casas', '--dataset', 'wsu'];
  expect(await inputsOf(words)).toEqual([
    {
      workflowId: 'ingest/wsu/c0ffee',
      input: { source: '/data/group1.zip', format: 'casas', dataset: 'wsu' },
    },
  ]);
  // What this machine has fetched to name the run is of no use any more.
  expect(forgotten).toEqual(['/data/group1.zip']);
});

test.each([
  [{ members: 8, membersWithoutRows: 2 }, '8, 2 without a row'],
  [{ members: 8 }, '8'],
  [{ members: 8, added: { members: 3, rows: 5 } }, '3 new, 8 in all'],
])('of %j the recordings are told as «%s»', async (members, said) => {
  const landed = { table: 'casas_landing', rows: 12, quarantined: {}, snapshotId: 'a', ...members };
  const connect = async () => fakeContext({ client: fakeClient({ result: landed }, []) });
  const services = { connect, sourceHash: async () => 'c0ffee', readState: async () => null };
  const words = ['ingest', '/data/group1.zip', '--dataset', 'wsu'];
  const { stdout } = await run(words, { services });
  expect(/ recordings +(.*)/.exec(stdout)?.[1]).toBe(said);
});

const unreadColumns = [
  { file: 'samples', column: 'aX', files: 12 },
  { file: 'channels.csv', column: 'min', files: 1 },
  { file: 'recordings.csv', column: 'Device', files: 1 },
];

test.each([
  [{}, undefined],
  [
    { unreadColumns },
    'Device of recordings.csv, kept in attributes; min of channels.csv; aX (12 files) of samples',
  ],
  [
    { unreadColumns: unreadColumns.slice(1, 2), moreUnreadColumns: 3 },
    'min of channels.csv; 3 more',
  ],
])('of %j extra columns are told as «%s»', async (columns, said) => {
  const landed = { table: 'recordings_landing', rows: 12, members: 1, quarantined: {} };
  const result = { ...landed, snapshotId: 'a', ...columns };
  const connect = async () => fakeContext({ client: fakeClient({ result }, []) });
  const services = { connect, sourceHash: async () => 'c0ffee', readState: async () => null };
  const words = ['ingest', '/data/mine.zip', '--dataset', 'mine'];
  const { stdout } = await run(words, { services });
  expect(/ extra columns +(.*)/.exec(stdout)?.[1]).toBe(said);
  const { stdout: json } = await run([...words, '--json'], { services });
  expect(JSON.parse(json)).toMatchObject(columns);
});

test.each([
  [{ labels: 4 }, '4'],
  [{ labels: 0 }, 'none: no row says in its label column what the person did'],
  // Of customers, whom no labels tell of.
  [{}, undefined],
])('of %j the labels are told as «%s»', async (labels, said) => {
  const stdout = await told(labels);
  expect(/ labels +(.*)/.exec(stdout)?.[1]).toBe(said);
});

test.each([
  [{ rateHz: 50 }, '50 a second'],
  [{ rateHz: 1 / 60 }, 'one in 60 s'],
  [
    { rateHz: 50, archiveHz: 100 },
    '100 a second; the dataset keeps to the 50 a second of its first archive',
  ],
])('of %j the samples are told as «%s»', async (sampling, said) => {
  const stdout = await told({ sampling });
  expect(/ samples +(.*)/.exec(stdout)?.[1]).toBe(said);
  expect(stdout).not.toContain('looks like');
});

test('of timestamps in a likely other unit both readings are told, and what is to be done', async () => {
  const stdout = await told({ sampling: { rateHz: 50_000, likelyUnit: 'seconds' } });
  expect(stdout).toContain(
    'timestamp_ms looks like seconds: as milliseconds the samples are 50,000 a second, in seconds 50 a second.',
  );
  expect(stdout).toContain('npx watchlake datasets remove wsu');
});

test.each([
  [{ dropped: { 'consent-withdrawn': 4 } }, 'consent-withdrawn 4'],
  [{ dropped: {} }, undefined],
])('of %j what was left out is told as «%s»', async (dropped, said) => {
  const stdout = await told(dropped);
  expect(/ left out +(.*)/.exec(stdout)?.[1]).toBe(said);
});

test('a wrong option is told before the archive is read', async () => {
  const sourceHash = jest.fn(async () => 'c0ffee');
  const connect = async () => fakeContext({ client: fakeClient({ result: {} }, []) });
  const words = ['ingest', '/data/group1.zip', '--dataset', 'Not Good'];
  const { exitCode, stderr } = await run(words, { services: { connect, sourceHash } });
  expect(exitCode).toBe(1);
  expect(stderr).toContain('error: --dataset: use');
  expect(sourceHash).not.toHaveBeenCalled();
});

test('the span of answers is given in minutes; what is not given stays as it was', async () => {
  const words = ['refresh', 'wsu', '--label-span', '2.5', '--activities', 'summed-up'];
  const [call] = await inputsOf(words);
  expect(call?.input).toEqual({
    dataset: 'wsu',
    window: {},
    labelling: { spanMs: 150_000, activities: 'summed-up' },
  });
  expect((await inputsOf(['refresh', 'wsu']))[0]?.input).toEqual({ dataset: 'wsu', window: {} });
});

test.each(['emr', 'glue'])('the tables are built by %s when that is asked for', async (engine) => {
  const [call] = await inputsOf(['refresh', 'wsu', '--engine', engine]);
  expect(call).toEqual({
    workflowId: 'refresh/wsu',
    input: { dataset: 'wsu', window: {}, engine },
  });
});

test('the loop lands an archive of the format, or takes what has landed', async () => {
  const words = ['loop', '/data/group1.zip', '--format', 'casas', '--dataset', 'wsu'];
  const [landing] = await inputsOf([...words, '--label-span', '1', '--engine', 'emr']);
  expect(landing?.input).toMatchObject({
    ...{ source: '/data/group1.zip', format: 'casas', engine: 'emr' },
    labelling: { spanMs: 60_000 },
  });
  const [landed] = await inputsOf(['loop', '--dataset', 'wsu']);
  expect(landed?.input).not.toHaveProperty('source');
  expect(landed?.input).not.toHaveProperty('format');
});

test('casas generate makes an archive and says what it holds', async () => {
  const archive = join(tmpdir(), `watchlake-made-${process.pid}.zip`);
  try {
    const words = ['casas', 'generate', '--out', archive, '--participants', '1', '--hours', '0.01'];
    const { stdout, exitCode } = await run([...words, '--malformed', '0', '--json']);
    expect(exitCode).toBe(0);
    expect(onlyObject(stdout)).toMatchObject({
      ok: true,
      archive,
      lines: 360,
      landing: { rows: 360, quarantined: {} },
    });
    expect((await readFile(archive)).subarray(0, 2).toString()).toBe('PK');
    const again = await run(words);
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toContain(archive);
  } finally {
    await rm(archive, { force: true });
    await rm(archive.replace('.zip', '.expected.json'), { force: true });
  }
});
