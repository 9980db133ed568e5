/** `watchlake retrain`: trains a challenger, and lets the gate decide. */
import type { Command } from 'commander';
import { workflowIds } from '../../core/workflow-ids';
import type { RetrainResult } from '../../workflows/retrain';
import { declare, waiting, wholeNumber, type WaitingOptions } from '../command';
import { runWorkflow, withContext } from '../run-workflow';
import type { Actions } from '../shell';
import { showFacts, showHeading } from '../tables';
import { score, type Colors, type Voice } from '../voice';

interface RetrainOptions extends WaitingOptions {
  dataset: string;
  model: string;
  seed: number;
  minimumNewLabels: number;
  newPeople: boolean;
  shuffleLabels: boolean;
}

export function colouredOutcome(colors: Colors, outcome: RetrainResult['outcome']): string {
  if (outcome === 'promote') return colors.green(outcome);
  return outcome === 'reject' ? colors.red(outcome) : colors.yellow(outcome);
}

/** No p-value is zero. */
export function pValueText(value: number | null): string {
  if (value === null) return '–';
  return value < 0.0001 ? '< 0.0001' : value.toFixed(4);
}

function showVerdict(voice: Voice, result: RetrainResult): void {
  const line = (each: RetrainResult['champion']): string | null =>
    each &&
    `version ${each.version}, accuracy ${score(each.accuracy)}, macro-F1 ${score(each.macroF1)}`;
  showHeading(voice, `Decided: ${colouredOutcome(voice.colors, result.outcome)}`);
  showFacts(voice, {
    reason: result.reason,
    '': result.explanation,
    champion: line(result.champion),
    challenger: line(result.challenger),
    'p-value': result.pValue === null ? null : pValueText(result.pValue),
    needed: result.needed.map((each) => `${each.count} of ${each.label}`).join(', ') || null,
    advice: result.newHoldoutAdvised
      ? 'take a new holdout: this one has decided too often to be trusted further (docs/promotion.md)'
      : null,
  });
}

export function addRetrain(program: Command, act: Actions): void {
  const command = declare(program, {
    usage: 'retrain',
    about: 'Trains a challenger on all labels; it becomes champion only when the gate says so.',
    examples: [
      'retrain --dataset watch-exercises',
      'retrain --dataset trial --minimum-new-labels 50',
    ],
    more: 'What each reason means, and what to do: docs/promotion.md.',
  })
    .requiredOption('--dataset <name>', 'dataset to train on')
    .option('--model <name>', 'name of the model', 'activity')
    .option(
      '--seed <number>',
      'seed of everything random; that of the loop, whose split decides',
      wholeNumber(0, 2 ** 31 - 1),
      0,
    )
    .option('--minimum-new-labels <n>', 'skip when there are fewer new labels', wholeNumber(0), 0)
    .option(
      '--new-people',
      'learn also from recordings of people in no part of the split, such as those of later archives; where there are some, no new labels are needed',
      false,
    )
    .option('--shuffle-labels', 'negative control: such a challenger has to be rejected', false);
  waiting(command).action(
    act(async (shell, { cancelOnExit, ...options }: RetrainOptions) => {
      const { dataset, model, seed, minimumNewLabels, newPeople, shuffleLabels } = options;
      return withContext(shell, async (context) => {
        const { run, result } = await runWorkflow<RetrainResult, 'retrain'>(
          shell,
          context,
          {
            workflow: 'retrain',
            workflowId: workflowIds.retrain(model),
            input: { dataset, model, seed, minimumNewLabels, newPeople, shuffleLabels },
            summary: `Retrain ${model}`,
          },
          { cancelOnExit },
        );
        return { result: { ...run, ...result }, show: (voice) => showVerdict(voice, result) };
      });
    }),
  );
}
