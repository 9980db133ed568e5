/** `watchlake demo`: the whole loop on the shipped recordings, in a home of its own. */
import type { Command } from 'commander';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowInput } from '../../activities/inputs';
import { PROJECT_ROOT } from '../../core/project-root';
import { workflowIds } from '../../core/workflow-ids';
import { makeFolder, makePrivateFolder, writeFileAtomically } from '../../stack/files';
import type { UpState } from '../../workers/state';
import type { LoopResult } from '../../workflows/active-learning-loop';
import type { Progress } from '../../workflows/progress';
import { partsOf } from '../backup/parts';
import { declare, waiting, wholeNumber, type WaitingOptions } from '../command';
import { demoHome, demoOption } from '../demo-home';
import { commandLine } from '../follow-run';
import { fileLink, loopFigures, showLoop, type LoopFigures } from '../loop-summary';
import { withProgress, type ProgressLine } from '../progress-line';
import { runWorkflow, withContext } from '../run-workflow';
import type { Actions, Shell } from '../shell';
import { showFacts, showHeading } from '../tables';
import { count, duration, type Voice } from '../voice';
import { freshName } from './simulate';
import { onStackProgress, startDetached } from './up';

const SAMPLE = join(PROJECT_ROOT, 'data', 'sample', 'watch-exercises.zip');
const DATASET = 'watch-exercises';
// The sample is public; one fixed key makes each run like the last.
const PUBLIC_KEY = 'watchlake-demo-public-sample';

interface DemoOptions extends WaitingOptions {
  byHand: number;
}

/** The demo's own configuration: nothing of the user's lake or stack is touched. */
function demoShell(shell: Shell): Shell {
  const home = demoHome(shell.config.WATCHLAKE_HOME);
  const config = {
    ...shell.config,
    WATCHLAKE_HOME: home,
    LAKE_URI: join(home, 'lake'),
    CATALOG: 'file' as const,
    WATCHLAKE_PSEUDONYM_KEY: PUBLIC_KEY,
  };
  const place = { config, homeOption: demoOption(home) };
  shell.worksIn(place);
  return { ...shell, ...place };
}

/** Stops what an earlier demo left running, and removes its data. */
async function startAfresh(demo: Shell): Promise<void> {
  const { config, services, notes } = demo;
  const home = config.WATCHLAKE_HOME;
  await withProgress(notes, (line) => services.down({ home, onProgress: onStackProgress(line) }));
  await makeFolder(home);
  for (const { place } of await partsOf(config)) await rm(place, { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
  // Commands that come later, such as `up --home`, find the same key there.
  await makePrivateFolder(join(home, 'secrets'));
  await writeFileAtomically(join(home, 'secrets', 'pseudonym-key'), `${PUBLIC_KEY}\n`);
}

const usesExternal = ({ config }: Shell): boolean =>
  [config.TEMPORAL_ADDRESS, config.KAFKA_BROKERS, config.DATABASE_URL].some(
    (given) => given !== undefined,
  );

/** Services that run elsewhere keep what earlier demos wrote: there, each demo has its own names. */
function demoInput(demo: Shell, byHand: number): WorkflowInput<'activeLearningLoop'> {
  const own = usesExternal(demo) ? freshName('demo') : null;
  return {
    name: own ?? 'demo',
    source: SAMPLE,
    dataset: own ? `${DATASET}-${own}` : DATASET,
    ...(own ? { model: own } : {}),
    answeredBy: 'oracle',
    negativeControl: true,
    speed: 0,
    labels: 300,
    byHand,
  };
}

// What it waits for is told beside the label tasks.
const NO_STAGE = 'waitsFor';

/** Writes a line for each stage that has ended, with the time it took. */
export function stageReporter(notes: Voice, atLabels: () => void) {
  const told = new Set<string>();
  let asked = false;
  return (progress: Progress, line: Pick<ProgressLine, 'note'>): void => {
    for (const [stage, seconds] of Object.entries(progress.facts)) {
      // Its counts are of no stage.
      if (typeof seconds !== 'string' || stage === NO_STAGE || told.has(stage)) continue;
      told.add(stage);
      line.note(`  ${notes.colors.green('✓')} ${stage} ${notes.colors.dim(seconds)}`);
    }
    if (progress.step === 'label' && !asked) {
      asked = true;
      atLabels();
    }
  };
}

async function runLoop(demo: Shell, state: UpState, options: DemoOptions): Promise<LoopResult> {
  const input = demoInput(demo, options.byHand);
  const { notes } = demo;
  const hint = (): void => {
    if (options.byHand === 0) return;
    const tasks = options.byHand === 1 ? '1 task is' : `${count(options.byHand)} tasks are`;
    notes.line(`  ${tasks} yours: ${notes.colors.bold(`${state.app.url}/label`)}`);
  };
  return withContext(demo, async (context) => {
    const { result } = await runWorkflow<LoopResult, 'activeLearningLoop'>(
      demo,
      context,
      {
        workflow: 'activeLearningLoop',
        workflowId: workflowIds.activeLearningLoop(input.name),
        input,
        summary: 'The demo on the shipped recordings',
      },
      { cancelOnExit: options.cancelOnExit, onProgress: stageReporter(notes, hint) },
    );
    return result;
  });
}

interface DemoResult extends LoopFigures {
  seconds: number;
  addresses: { temporal: string; app: string };
}

function showDemo(voice: Voice, shell: Shell, demo: Shell, result: DemoResult): void {
  const title = `The demo has ended after ${duration(result.seconds)}`;
  showLoop(voice, demo, { title, figures: result });
  voice.line();
  showFacts(voice, {
    'Temporal web UI': result.addresses.temporal,
    'Application page': result.addresses.app,
    Report: fileLink(result.report),
  });
  voice.line();
  const { dim } = voice.colors;
  voice.line(dim('  It still runs, so that you can look around:'));
  const looking = ['models show activity', 'query "SELECT * FROM windows LIMIT 5"'];
  for (const words of looking) voice.line(dim(`    ${commandLine(demo, words)}`));
  voice.line(dim(`    ${commandLine(shell, 'down')}   stops it`));
}

// Counted from the start of the process, so that loading our own code is part of it.
const secondsSoFar = (): number => Number(process.uptime().toFixed(1));

async function runDemo(shell: Shell, options: DemoOptions) {
  const demo = demoShell(shell);
  showHeading(shell.notes, 'Watchlake: the active-learning loop on recordings of a wrist sensor');
  if (usesExternal(demo)) {
    shell.notes.line('  Services that run elsewhere are used: what the demo writes there stays.');
  }
  await startAfresh(demo);
  const begin = process.uptime();
  const state = await startDetached(demo);
  const start = Number((process.uptime() - begin).toFixed(1));
  const mark = shell.notes.colors.green('✓');
  shell.notes.line(`  ${mark} start ${shell.notes.colors.dim(duration(start))}`);
  const figures = loopFigures(await runLoop(demo, state, options));
  const result: DemoResult = {
    seconds: secondsSoFar(),
    ...figures,
    stages: { start, ...figures.stages },
    addresses: { temporal: state.temporal.uiUrl, app: state.app.url },
  };
  return { result, show: (voice: Voice) => showDemo(voice, shell, demo, result) };
}

export function addDemo(program: Command, act: Actions): void {
  const command = declare(program, {
    usage: 'demo',
    about:
      'Runs the whole loop on the shipped recordings, in a home of its own that each demo starts afresh.',
    examples: ['demo', 'demo --by-hand 10', 'demo --json'],
  }).option('--by-hand <n>', 'label tasks left to you at the label page', wholeNumber(0, 300), 0);
  waiting(command).action(act((shell, options: DemoOptions) => runDemo(shell, options)));
}
