/** `watchlake simulate`: replays recordings of the lake as if devices sent them now. */
import type { Command } from 'commander';
import { workflowIds } from '../../core/workflow-ids';
import type { SimulateResult } from '../../workflows/simulate-devices';
import { declare, list, numberBetween, waiting, type WaitingOptions } from '../command';
import { runWorkflow, withContext } from '../run-workflow';
import type { Actions } from '../shell';
import { showFacts, showHeading } from '../tables';
import { count } from '../voice';

interface SimulateOptions extends WaitingOptions {
  name?: string;
  subjects?: string[];
  speed: number;
}

/** A replay under a name that was used sends nothing twice: without a name, each is a new one. */
export const freshName = (prefix: string, now = new Date()): string =>
  `${prefix}-${now.toISOString().replace(/[-:]|\.\d+/g, '')}`.toLowerCase();

export function addSimulate(program: Command, act: Actions): void {
  const command = declare(program, {
    usage: 'simulate <dataset>',
    about: 'Replays the recordings of a dataset into Kafka, as the devices would have sent them.',
    examples: ['simulate watch-exercises --speed 20', 'simulate trial --name morning --speed 0'],
    more: 'Repeating a name goes on where that replay ended, and sends nothing twice. Under another name the same devices give late samples only (`watch.late`), until their partition has grown by 10,000 messages.',
  })
    .option('--name <name>', 'name of the replay; a new one each time when absent')
    .option('--subjects <keys>', 'only these subjects, by their keys, comma-separated', list)
    .option(
      '--speed <factor>',
      'times faster than recorded; 0 is as fast as possible',
      numberBetween(0, 100_000),
      1,
    );
  waiting(command).action(
    act(async (shell, dataset: string, options: SimulateOptions) => {
      const { name = freshName(dataset), subjects, speed, cancelOnExit } = options;
      return withContext(shell, async (context) => {
        const { run, result } = await runWorkflow<SimulateResult, 'simulateDevices'>(
          shell,
          context,
          {
            workflow: 'simulateDevices',
            workflowId: workflowIds.simulateDevices(name),
            input: { name, dataset, subjects, speed },
            summary: `Replay ${dataset}`,
          },
          { cancelOnExit },
        );
        return {
          result: { ...run, ...result },
          show: (voice) => {
            showHeading(voice, `Replayed ${dataset} as ${name}`);
            showFacts(voice, {
              devices: count(result.devices),
              samples: count(result.samples),
              batches: count(result.batches),
            });
          },
        };
      });
    }),
  );
}
