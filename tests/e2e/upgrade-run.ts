/** A loop that the previous release begins and this code ends, on one home. */
import { rm } from 'node:fs/promises';
import { checkOut, type PreviousRelease } from '../support/previous-release';
import { archiveFiles, writeZip } from '../support/recordings';
import { makeTestHome } from '../support/start-stack';
import { watchlake } from './demo-run';
import {
  answerOf,
  answerTasks,
  killEverything,
  migrationsOf,
  openRuns,
  STEP_LIMIT_MS,
} from './running-home';

const NAME = 'upgrade';
const SUBJECTS = ['Ann', 'Bob', 'Cid', 'Dan'];
const LABELS = ['resting', 'walking', 'lifting'];
const SAMPLES = 1_000;

const RECORDINGS = SUBJECTS.flatMap((subject) =>
  LABELS.map((label) => ({
    recording: `${subject}-${label}`.toLowerCase(),
    subject,
    label,
    samples: SAMPLES,
  })),
);
// 20 s in windows of 4 s every 2 s.
export const WINDOWS_OF_A_SUBJECT = 9 * LABELS.length;

export type Ending = 'down' | 'kill';

export interface UpgradeRun {
  /** Left open by the previous release. */
  readonly open: { readonly type: string; readonly runId?: string }[];
  readonly migrations: { readonly before: string[]; readonly after: string[] };
  /** Tasks answered before and after the change of version. */
  readonly answered: { readonly before: number; readonly after: number };
  readonly loop: LoopOutcome;
  readonly stillOpen: unknown[];
  readonly predictions: { readonly rows: number; readonly windows: number };
  readonly versions: string[];
}

interface LoopOutcome {
  readonly runId: string;
  readonly windowsPredicted: number;
  readonly labels: number;
  readonly campaign: { readonly tasks: number; readonly outcome: string };
  readonly retrains: readonly { readonly outcome: string; readonly reason: string }[];
}

/** Starts the loop and leaves it, as Ctrl-C does, when it waits for people. */
async function beginLoop(home: string, root: string): Promise<string | undefined> {
  const archive = await writeZip(home, archiveFiles(RECORDINGS));
  const subjects = ['--bootstrap', '1', '--stream', '1', '--holdout', '2'];
  const settings = ['--dataset', NAME, ...subjects, '--labels', '6', '--speed', '0'];
  const { child, finished } = watchlake(home, ['loop', archive, ...settings], { root });
  const timer = setTimeout(() => child.kill('SIGKILL'), STEP_LIMIT_MS);
  let said = '';
  child.stderr.on('data', (part: Buffer) => {
    said += part.toString();
    if (/answered 0 of \d/.test(said)) child.kill('SIGINT');
  });
  const { stderr } = await finished;
  clearTimeout(timer);
  if (!/goes on without this command/.test(stderr)) throw new Error(`the loop ended:\n${stderr}`);
  return /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(stderr)?.[0];
}

async function begin(home: string, root: string) {
  await answerOf(home, ['up', '--detach'], root);
  const runId = await beginLoop(home, root);
  const before = await answerTasks(home, { campaign: NAME, count: 2 });
  const open = (await openRuns(home, root)).map(({ type }) => ({
    type,
    ...(type === 'activeLearningLoop' ? { runId } : {}),
  }));
  return { before, open, migrations: await migrationsOf(home) };
}

async function finish(home: string) {
  await answerOf(home, ['up', '--detach']);
  const migrations = await migrationsOf(home);
  const after = await answerTasks(home, { campaign: NAME, count: 500 });
  const loop = await answerOf<LoopOutcome>(home, ['attach', `loop/${NAME}`]);
  const counts = 'count(*)::INT AS rows, count(DISTINCT window_id)::INT AS windows';
  const { rows } = await answerOf<{ rows: UpgradeRun['predictions'][] }>(home, [
    ...['query', `SELECT ${counts} FROM predictions`],
  ]);
  const models = ['models', 'show', 'activity'];
  const { versions } = await answerOf<{ versions: { version: string }[] }>(home, models);
  return {
    migrations,
    after,
    loop,
    predictions: rows[0],
    versions: versions.map((v) => v.version),
  };
}

/** The stack is stopped and everything removed when it is over, whatever happened. */
export async function runUpgrade(release: PreviousRelease, ending: Ending): Promise<UpgradeRun> {
  const root = await checkOut(release);
  const home = await makeTestHome();
  try {
    const begun = await begin(home, root);
    if (ending === 'kill') await killEverything(home);
    else await answerOf(home, ['down'], root);
    const ended = await finish(home);
    return {
      open: begun.open,
      migrations: { before: begun.migrations, after: ended.migrations },
      answered: { before: begun.before, after: ended.after },
      loop: ended.loop,
      stillOpen: await openRuns(home),
      predictions: ended.predictions ?? { rows: 0, windows: 0 },
      versions: ended.versions.sort(),
    };
  } finally {
    await watchlake(home, ['down']).finished;
    for (const folder of [home, root]) await rm(folder, { recursive: true, force: true });
  }
}
