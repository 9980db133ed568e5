/**
 * The whole loop with its tables built by EMR takes the same decisions as with DuckDB, also when the worker
 * is killed during one step and paused past its heartbeat during the next. Spark itself runs the steps.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { awsEnvironment } from '../support/aws-emulator';
import { useJobCloud } from '../support/jobs/cloud';
import { untilTrue } from '../support/jobs/made-table';
import { s3aJars } from '../support/jobs/spark-submit';
import { INSTALL_LIMIT_MS, describeSpark, testSpark } from '../support/spark';
import { lastLine, watchlake, workerPid, type DemoResult } from './demo-run';

const LIMIT_MS = 40 * 60_000;
const STEP_LIMIT_MS = 5 * 60_000;
// A heartbeat may be missing for 20 s.
const PAUSE_MS = 30_000;
const SAMPLE = join('data', 'sample', 'watch-exercises.zip');
const LOOP = ['--answered-by', 'oracle', '--speed', '0', '--json'];
const EXERCISES = ['--dataset', 'watch-exercises'];
// The first person does few of the activities: people teach the rest.
const PEOPLE = ['--bootstrap', '1', '--stream', '3', '--holdout', '6', '--labels', '200'];
const CASAS = ['--format', 'casas', '--dataset', 'wsu', '--activities', 'summed-up', ...PEOPLE];
// These watches are named by their people's keys, and windows by their watches: both homes have one secret.
const SECRET = { WATCHLAKE_PSEUDONYM_KEY: 'a-key-that-two-homes-share' };

const digestOf = (row: string, table: string): string =>
  `SELECT md5(string_agg(${row}, ' ' ORDER BY ${row})) FROM ${table}`;
const ASKED = digestOf("concat_ws('|', window_id, kind, label)", 'labelled_windows');
const PREDICTED = digestOf(
  "concat_ws('|', window_id, version, candidate, CAST(probabilities AS VARCHAR))",
  'predictions',
);
/** What people were asked and answered, and what each version says of each window, to the last digit. */
const DIGESTS = `SELECT (${ASKED}) AS asked, (${PREDICTED}) AS predicted`;

describeSpark('the loop on EMR', () => {
  const cloud = useJobCloud();
  beforeAll(async () => {
    await testSpark().python();
    await s3aJars();
  }, INSTALL_LIMIT_MS);

  const steps = () =>
    cloud
      .emr()
      .clusters()
      .flatMap((cluster) => cluster.steps);
  const running = (number: number) => steps()[number]?.state === 'RUNNING';

  async function disturb(home: string): Promise<void> {
    const pidOf = async (): Promise<number> => {
      await untilTrue(async () => (await workerPid(home)) !== null, STEP_LIMIT_MS);
      return (await workerPid(home)) as number;
    };
    await untilTrue(() => running(0), STEP_LIMIT_MS);
    process.kill(await pidOf(), 'SIGKILL');
    await untilTrue(() => running(1), STEP_LIMIT_MS);
    const paused = await pidOf();
    process.kill(paused, 'SIGSTOP');
    await sleep(PAUSE_MS);
    process.kill(paused, 'SIGCONT');
  }

  async function runLoop(
    source: readonly string[],
    engine: string,
    { during, secret = {} }: { during?: (home: string) => Promise<void>; secret?: object } = {},
  ) {
    const home = await mkdtemp(join(tmpdir(), 'watchlake-engines-'));
    const { uri } = await cloud.lake();
    const environment = {
      ...awsEnvironment(cloud.gateway().endpoint),
      ...{ LAKE_URI: uri, S3_PATH_STYLE: 'true', AWS_ENVIRONMENT: 'tests' },
      ...secret,
    };
    const run = (args: readonly string[]) => watchlake(home, args, { environment }).finished;
    try {
      expect(await run(['up', '--detach'])).toMatchObject({ code: 0 });
      const looping = run(['loop', ...source, ...LOOP, '--engine', engine]);
      const [{ code, stdout, stderr }] = await Promise.all([looping, during?.(home)]);
      if (code !== 0) throw new Error(`the loop ended with ${code}:\n${stderr}\n${stdout}`);
      const digests = await run(['query', DIGESTS, '--json']);
      expect(digests).toMatchObject({ code: 0 });
      const { rows } = JSON.parse(lastLine(digests.stdout)) as { rows: object[] };
      return { ...(JSON.parse(lastLine(stdout)) as DemoResult), digests: rows };
    } finally {
      await run(['down']);
      await rm(home, { recursive: true, force: true });
    }
  }

  /** All that a loop tells but times and addresses; of people's keys, which are each home's own, nothing. */
  const decisions = (looped: Awaited<ReturnType<typeof runLoop>>) => {
    const { tables, labels, windowsPredicted, champion, retrains, digests } = looped;
    return { tables, labels, windowsPredicted, champion, retrains, digests };
  };

  test(
    'takes the same decisions as with DuckDB, whatever happens to the worker',
    async () => {
      const expected = await runLoop([SAMPLE, ...EXERCISES], 'duckdb');
      const found = await runLoop([SAMPLE, ...EXERCISES], 'emr', { during: disturb });
      expect(decisions(found)).toEqual(decisions(expected));
      // Two tables are SQL; each was built by one step, on one cluster, which has ended.
      expect(steps().map(({ state }) => state)).toEqual(['COMPLETED', 'COMPLETED']);
      const clusters = cloud.emr().clusters();
      expect(clusters.map(({ state }) => state.startsWith('TERMINAT'))).toEqual([true]);
    },
    LIMIT_MS,
  );

  test(
    'takes the same decisions on smartwatch archives as CASAS has them, from people who do different things',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'watchlake-casas-'));
      try {
        const archive = join(folder, 'made.zip');
        const size = ['--participants', '10', '--hours', '0.5', '--prompts-per-hour', '12'];
        const made = watchlake(folder, ['casas', 'generate', '--out', archive, ...size]);
        expect(await made.finished).toMatchObject({ code: 0 });
        const expected = await runLoop([archive, ...CASAS], 'duckdb', { secret: SECRET });
        const found = await runLoop([archive, ...CASAS], 'emr', { secret: SECRET });
        expect(decisions(found)).toEqual(decisions(expected));
        expect(expected.retrains).toMatchObject([{ outcome: 'promote' }]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    LIMIT_MS,
  );
});
