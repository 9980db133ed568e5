/** `watchlake loop`: the whole active-learning loop on the user's own recordings. */
import { Option, type Command } from 'commander';
import type { EngineName } from '../../core/engine-names';
import { counted } from '../../core/figures';
import { workflowIds } from '../../core/workflow-ids';
import { SAMPLES_FORMATS, type SamplesFormatName } from '../../lakehouse/landing/descriptor';
import { auditsAmong, USUAL_AUDIT_SHARE } from '../../models/acquisition';
import { DEFAULT_GATE } from '../../models/promotion';
import type { CommandContext } from '../../workers/connect';
import type { LoopResult } from '../../workflows/active-learning-loop';
import { declare, numberBetween, waiting, wholeNumber, type WaitingOptions } from '../command';
import { earlierCampaign } from '../earlier-campaign';
import { engineOption } from '../engine-option';
import { labellingOf, withLabelling, type LabellingFlags } from '../labelling-options';
import { labelPage } from '../label-page';
import { loopFigures, showLoop, showReport } from '../loop-summary';
import { runWorkflow, withContext } from '../run-workflow';
import type { Actions, Shell } from '../shell';
import { count } from '../voice';
import { absoluteSource } from './ingest';

interface LoopOptions extends WaitingOptions, LabellingFlags {
  dataset: string;
  format: SamplesFormatName;
  name?: string;
  engine?: EngineName;
  model: string;
  seed: number;
  labels: number;
  speed: number;
  answeredBy: 'people' | 'oracle';
  byHand: number;
  bootstrap: number;
  stream: number;
  holdout: number;
  negativeControl: boolean;
}

const withSubjects = (command: Command): Command =>
  command
    .option('--bootstrap <n>', 'subjects that the first version learns from', wholeNumber(1), 1)
    .option('--stream <n>', 'subjects that are streamed and labelled', wholeNumber(1), 3)
    .option('--holdout <n>', 'subjects that versions are compared on', wholeNumber(1), 6);

const withLabels = (command: Command): Command =>
  command
    .option('--labels <n>', 'labels to ask for', wholeNumber(1, 100_000), 300)
    .addOption(
      new Option('--answered-by <who>', 'people at the label page, or the recordings themselves')
        .choices(['people', 'oracle'])
        .default('people'),
    )
    .option('--by-hand <n>', 'with the oracle: tasks left to a person', wholeNumber(0, 1000), 0);

/** With too few to judge a challenger the loop may ask people for nothing: told before it does. */
function sayTooFew({ notes }: Shell, labels: number): void {
  const { minimumAuditLabels } = DEFAULT_GATE;
  const audits = auditsAmong(labels);
  if (audits >= minimumAuditLabels) return;
  const enough = Math.ceil(minimumAuditLabels / USUAL_AUDIT_SHARE);
  const asked = `Among ${counted(labels, 'label')} ${audits === 1 ? 'is' : 'are'} ${counted(audits, 'audit label')}; ${minimumAuditLabels} since the last promotion judge a challenger.`;
  notes.line(
    `${asked} Unless earlier campaigns have some, none is promoted: \`--labels ${enough}\` is enough.`,
  );
}

/**
 * Said at the beginning: until people have answered, the loop says nothing but that it waits, and
 * one whose campaign is over asks nobody.
 */
async function sayWhoAnswers(
  shell: Shell,
  context: CommandContext,
  { name, asksPeople, labels }: { name: string; asksPeople: boolean; labels: number },
): Promise<void> {
  const earlier = await earlierCampaign(context, name);
  if (earlier?.status === 'closed') {
    const labels = `labels (${count(earlier.answered)})`;
    shell.notes.line(
      `Nobody is asked: ${name} has asked before. Its replays and its ${labels} are used again.`,
    );
    return shell.notes.line('`--name <another>` starts a new loop, which asks again.');
  }
  sayTooFew(shell, labels);
  const page = asksPeople ? await labelPage(shell, name) : null;
  if (page === null) return;
  shell.notes.line(`People answer at ${page} as soon as the loop asks.`);
}

export function addLoop(program: Command, act: Actions): void {
  const command = declare(program, {
    usage: 'loop [archive]',
    about:
      'Runs the whole loop: ingest, refresh, a first version, the live stream, labels, and a challenger.',
    examples: [
      'loop recordings.zip --dataset trial',
      'loop group1.zip --format casas --dataset wsu --activities summed-up --bootstrap 3',
      'loop --dataset wsu --engine emr',
      'loop data/sample/watch-exercises.zip --dataset watch-exercises --answered-by oracle',
    ],
    more: "Without an archive it works on what the dataset holds. Without `--answered-by oracle` it waits for people at the label page, up to seven days; the application page leads there, and `watchlake status` shows its address. Under the name of an earlier loop it uses that loop's replays and labels again, and asks nobody.",
  })
    .requiredOption('--dataset <name>', 'dataset that the recordings belong to')
    .addOption(
      new Option('--format <format>', 'format of the archive')
        .choices(SAMPLES_FORMATS)
        .default('recordings'),
    )
    .option('--name <name>', 'name of the loop; the dataset when absent')
    .option('--model <name>', 'name of the model', 'activity')
    .option('--seed <number>', 'seed of everything random', wholeNumber(0, 2 ** 31 - 1), 0)
    .option(
      '--speed <factor>',
      'times faster than recorded; 0 is as fast as possible, 1 takes as long as the recordings',
      numberBetween(0, 100_000),
      0,
    )
    .addOption(engineOption())
    .option('--negative-control', 'also try a challenger that learned shuffled labels', false);
  waiting(withLabelling(withLabels(withSubjects(command)))).action(
    act(async (shell, archive: string | undefined, options: LoopOptions) => {
      const { cancelOnExit, bootstrap, stream, holdout, engine, name = options.dataset } = options;
      const built = engine === undefined ? {} : { engine };
      const { dataset, model, seed, labels, speed, answeredBy, byHand, negativeControl } = options;
      const settings = { dataset, model, seed, labels, speed, answeredBy, byHand, negativeControl };
      const landed =
        archive === undefined ? {} : { source: absoluteSource(archive), format: options.format };
      return withContext(shell, async (context) => {
        const asksPeople = answeredBy === 'people' || byHand > 0;
        const { run, result } = await runWorkflow<LoopResult, 'activeLearningLoop'>(
          shell,
          context,
          {
            workflow: 'activeLearningLoop',
            workflowId: workflowIds.activeLearningLoop(name),
            input: {
              name,
              ...landed,
              ...settings,
              ...built,
              ...labellingOf(options),
              subjects: { bootstrap, stream, holdout },
            },
            summary: `Active learning on ${dataset}`,
          },
          {
            cancelOnExit,
            onStarted: () => sayWhoAnswers(shell, context, { name, asksPeople, labels }),
          },
        );
        const figures = loopFigures(result);
        return {
          result: { ...run, ...figures },
          show: (voice) => {
            showLoop(voice, shell, { title: `The loop ${name} has ended`, figures });
            showReport(voice, figures);
          },
        };
      });
    }),
  );
}
