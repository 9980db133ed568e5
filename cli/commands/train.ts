/** `watchlake train`: trains and evaluates one version of a model. */
import type { Command } from 'commander';
import { counted } from '../../core/figures';
import { workflowIds } from '../../core/workflow-ids';
import type { Unscored } from '../../models/evaluation';
import type { TrainResult } from '../../workflows/train-model';
import { declare, list, waiting, wholeNumber, type WaitingOptions } from '../command';
import { runWorkflow, withContext } from '../run-workflow';
import type { Actions } from '../shell';
import { showFacts, showHeading } from '../tables';
import { count, score } from '../voice';

interface TrainOptions extends WaitingOptions {
  dataset: string;
  model: string;
  subjects?: string[];
  seed: number;
  evaluation: boolean;
  shippedSplit: boolean;
}

/** What the training adds where it could not score everybody. */
type Figures = NonNullable<TrainResult['evaluation']> & { unscored?: Unscored };

const LARGEST_SEED = 2 ** 31 - 1;

export function addTrain(program: Command, act: Actions): void {
  const command = declare(program, {
    usage: 'train',
    about:
      'Trains one version on the published windows, and evaluates it by leaving out one subject after another.',
    examples: ['train --dataset watch-exercises', 'train --dataset trial --model gait --seed 3'],
    more: 'It becomes champion only where there is none yet. It has seen all its subjects, and no challenger can be compared on them: start a model that is to be retrained with `loop`.',
  })
    .requiredOption('--dataset <name>', 'dataset to train on')
    .option('--model <name>', 'name of the model', 'activity')
    .option('--subjects <keys>', 'only these subjects, by their keys, comma-separated', list)
    .option('--seed <number>', 'seed of everything random', wholeNumber(0, LARGEST_SEED), 0)
    .option('--no-evaluation', 'train only, without leaving out subjects')
    .option(
      '--shipped-split',
      'arwise: evaluate by the split of its files; refused if it leaks',
      false,
    );
  waiting(command).action(
    act(async (shell, options: TrainOptions) => {
      const { dataset, model, subjects, seed, evaluation, shippedSplit, cancelOnExit } = options;
      const byPeople = evaluation ? 'leave-one-subject-out' : 'none';
      const scheme = shippedSplit ? 'shipped-split' : byPeople;
      return withContext(shell, async (context) => {
        const { run, result } = await runWorkflow<TrainResult, 'trainModel'>(
          shell,
          context,
          {
            workflow: 'trainModel',
            workflowId: workflowIds.trainModel(model, dataset),
            input: { dataset, model, subjects, seed, scheme },
            summary: `Train ${model} on ${dataset}`,
          },
          { cancelOnExit },
        );
        const figures: Figures | null = result.evaluation;
        return {
          result: { ...run, ...result },
          show: (voice) => {
            showHeading(voice, `Trained ${model} version ${result.version}`);
            showFacts(voice, {
              windows: count(result.rows),
              subjects: count(result.subjects),
              champion: `version ${result.champion}`,
              evaluation: figures?.scheme ?? null,
              accuracy: figures && score(figures.accuracy),
              'macro-F1': figures && score(figures.macroF1),
              'worst subject': figures?.worstSubject
                ? `${figures.worstSubject.subject}, accuracy ${score(figures.worstSubject.accuracy)}`
                : null,
              'not scored': figures?.unscored
                ? `${counted(figures.unscored.subjects, 'subject')} with ${counted(figures.unscored.windows, 'window')}: without them there is too little to train on`
                : null,
            });
          },
        };
      });
    }),
  );
}
