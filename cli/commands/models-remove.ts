/** `watchlake models remove`: a model, or one of its versions, after a look at what that is. */
import type { Command } from 'commander';
import type { CommandContext } from '../../workers/connect';
import { declare } from '../command';
import { showWayOn } from '../in-the-way';
import { withContext } from '../run-workflow';
import type { Actions, Outcome, Shell } from '../shell';
import { showFacts, showHeading } from '../tables';
import { bytes, count } from '../voice';

interface Remover {
  readonly shell: Shell;
  readonly context: CommandContext;
}

const headingOf = (what: string, isDone: boolean): string =>
  isDone ? `Removed the model ${what}` : `Would be removed of ${what}`;

async function removeModel(
  { shell, context }: Remover,
  model: string,
  dryRun: boolean,
): Promise<Outcome> {
  const found = await context.removeModel({ model, dryRun });
  return {
    result: { dryRun, ...found },
    show: (voice) => {
      const { versions, champion, objects, inTheWay } = found;
      showHeading(voice, headingOf(model, !dryRun));
      showFacts(voice, {
        versions: count(versions),
        champion: champion && `version ${champion}`,
        files: `${count(objects)}, ${bytes(found.bytes)}`,
      });
      if (dryRun) showWayOn(voice, shell, { inTheWay });
    },
  };
}

async function removeVersion(
  { shell, context }: Remover,
  wanted: { model: string; version: string },
  dryRun: boolean,
): Promise<Outcome> {
  const found = await context.removeVersion({ ...wanted, dryRun });
  return {
    result: { dryRun, ...found },
    show: (voice) => {
      const { model, version, objects, inTheWay } = found;
      showHeading(voice, headingOf(`${model} version ${version}`, !dryRun));
      showFacts(voice, { 'files of its artefact': `${count(objects)}, ${bytes(found.bytes)}` });
      if (dryRun) showWayOn(voice, shell, { inTheWay });
    },
  };
}

export function addModelsRemove(group: Command, act: Actions): void {
  declare(group, {
    usage: 'remove <model> [version]',
    about: 'Shows what there is of a model, or of one version; removes it with --yes.',
    examples: ['models remove trial', 'models remove trial --yes', 'models remove activity 3'],
    more: 'Of a model all artefacts, cards, verdicts and the moves of its aliases go. What stays: the answers of people, and how often a holdout was used. A later model of the same name goes on with the next version number. Of one version the artefact goes, so that nothing can predict with it any more; its card stays, for verdicts and predictions name it. The champion cannot go alone.',
  })
    .option('--yes', 'remove it', false)
    .action(
      act(async (shell, model: string, version: string | undefined, { yes }: { yes: boolean }) =>
        withContext(shell, (context) =>
          version === undefined
            ? removeModel({ shell, context }, model, !yes)
            : removeVersion({ shell, context }, { model, version }, !yes),
        ),
      ),
    );
}
