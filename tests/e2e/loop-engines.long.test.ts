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
    during: (home: string) => Promise<void> = async () => undefined,
  ) {
    const home = await mkdtemp(join(tmpdir(), 'watchlake-engines-'));
    const { uri } = await cloud.lake();
    const environment = {
      ...awsEnvironment(cloud.gateway().endpoint),
      ...{ LAKE_URI: uri, S3_PATH_STYLE: 'true', AWS_ENVIRONMENT: 'tests' },
    };
    const run = (args: readonly string[]) => watchlake(home, args, { environment }).finished;
    try {
      expect(await run(['up', '--detach'])).toMatchObject({ code: 0 });
      const looping = run(['loop', ...source, ...LOOP, '--engine', engine]);
      const [{ code, stdout, stderr }] = await Promise.all([looping, during(home)]);
      if (code !== 0) throw new Error(`the loop ended with ${code}:\n${stderr}\n${stdout}`);
      return JSON.parse(lastLine(stdout)) as DemoResult;
    } finally {
      await run(['down']);
      await rm(home, { recursive: true, force: true });
    }
  }

  const decisions = ({ tables, labels, windowsPredicted, champion, retrains }: DemoResult) => ({
    rows: Object.fromEntries(Object.entries(tables).map(([name, { rows }]) => [name, rows])),
    ...{ labels, windowsPredicted },
    // The first version follows from the tables alone. Which windows are asked about afterwards follows from
    // probabilities, whose last digits follow from how the stream was divided into batches.
    first: champion.before,
    promoted: champion.after.version,
    outcomes: retrains.map(({ outcome, reason }) => [outcome, reason]),
  });

  test(
    'takes the same decisions as with DuckDB, whatever happens to the worker',
    async () => {
      const expected = await runLoop([SAMPLE, ...EXERCISES], 'duckdb');
      const found = await runLoop([SAMPLE, ...EXERCISES], 'emr', disturb);
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
        const expected = await runLoop([archive, ...CASAS], 'duckdb');
        const found = await runLoop([archive, ...CASAS], 'emr');
        // Not every window has an answer: how many labels there are follows from which windows are asked about.
        const counted = { labels: expect.any(Number) as number };
        expect(decisions(found)).toEqual({ ...decisions(expected), ...counted });
        expect(expected.retrains).toMatchObject([{ outcome: 'promote' }]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    LIMIT_MS,
  );
});
