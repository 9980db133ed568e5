/** `watchlake models remove`: a model with all its versions, after a look at what that is. */
import type { Command } from 'commander';
import { declare } from '../command';
import { showWayOn } from '../in-the-way';
import { withContext } from '../run-workflow';
import type { Actions } from '../shell';
import { showFacts, showHeading } from '../tables';
import { bytes, count } from '../voice';

export function addModelsRemove(group: Command, act: Actions): void {
  declare(group, {
    usage: 'remove <model>',
    about: 'Shows what there is of a model; removes all its versions with --yes.',
    examples: ['models remove trial', 'models remove trial --yes'],
    more: 'Its artefacts, cards, verdicts and the moves of its aliases go. What stays: the answers of people, and how often a holdout was used. A later model of the same name goes on with the next version number.',
  })
    .option('--yes', 'remove it', false)
    .action(
      act(async (shell, model: string, { yes }: { yes: boolean }) =>
        withContext(shell, async (context) => {
          const found = await context.removeModel({ model, dryRun: !yes });
          return {
            result: { dryRun: !yes, ...found },
            show: (voice) => {
              const { versions, champion, objects, inTheWay } = found;
              showHeading(
                voice,
                yes ? `Removed the model ${model}` : `Would be removed of ${model}`,
              );
              showFacts(voice, {
                versions: count(versions),
                champion: champion && `version ${champion}`,
                files: `${count(objects)}, ${bytes(found.bytes)}`,
              });
              if (!yes) showWayOn(voice, inTheWay);
            },
          };
        }),
      ),
    );
}
