/** `watchlake models`: versions, aliases and their history, and moving the champion by hand. */
import type { Command } from 'commander';
import { CHAMPION } from '../../registry/aliases';
import type { Verdict } from '../../registry/decisions';
import type { ModelVersion } from '../../registry/versions';
import { WatchlakeError } from '../../core/errors';
import { fewOf } from '../../core/few-of';
import type { CommandContext } from '../../workers/connect';
import type { HoldoutScores } from '../../workers/holdout-scores';
import { accountName } from '../account-name';
import { declare, declareGroup } from '../command';
import { commandLine } from '../follow-run';
import { withContext } from '../run-workflow';
import type { Actions, Outcome, Shell } from '../shell';
import { showFacts, showHeading, showTable } from '../tables';
import { count, moment, score, type Voice } from '../voice';
import { addModelsRemove } from './models-remove';

const HISTORY_SHOWN = 10;

async function listModels(shell: Shell, { registry }: CommandContext): Promise<Outcome> {
  const models = await registry.listModels();
  return {
    result: { models },
    show: (voice) => {
      if (models.length === 0)
        return voice.line(
          `There are no models; \`${commandLine(shell, 'train --dataset <name>')}\` makes one.`,
        );
      showHeading(voice, 'Models');
      const columns = [
        { title: 'model' },
        { title: 'versions', figures: true },
        { title: 'champion', figures: true },
      ];
      const rows = models.map(({ model, versions, aliases }) => [
        model,
        count(versions),
        aliases[CHAMPION] ?? '–',
      ]);
      showTable(voice, columns, rows);
    },
  };
}

/** One that learned without being measured got its figures when the gate compared it. */
function evaluationOf({ version, card }: ModelVersion, scores: HoldoutScores) {
  if (card.evaluation) return card.evaluation;
  const compared = scores.get(version);
  return compared ? { scheme: 'holdout', ...compared } : null;
}

function noteOf({ version, removedAt }: ModelVersion, champion: string | undefined): string {
  if (removedAt !== null) return ' (removed)';
  return version === champion ? ' (champion)' : '';
}

function asRow(
  version: ModelVersion,
  champion: string | undefined,
  scores: HoldoutScores,
): string[] {
  const evaluation = evaluationOf(version, scores);
  return [
    `${version.version}${noteOf(version, champion)}`,
    moment(version.createdAt),
    version.card.data.dataset,
    count(version.card.data.windows),
    evaluation?.scheme ?? '–',
    score(evaluation?.accuracy),
    score(evaluation?.macroF1),
  ];
}

/** What the gate decided, also of versions that never became champion. */
function showVerdicts(voice: Voice, verdicts: readonly Verdict[]): void {
  if (verdicts.length === 0) return;
  showHeading(voice, 'Verdicts of the gate');
  const names = ['when', 'challenger', 'champion', 'outcome', 'reason'];
  const rows = verdicts.map(({ decidedAt, challenger, champion, outcome, reason }) => [
    ...[moment(decidedAt), challenger ?? '–', champion ?? '–', outcome, reason],
  ]);
  showTable(
    voice,
    names.map((title) => ({ title })),
    rows,
  );
  const explanation = verdicts[0]?.explanation;
  if (explanation) voice.line(`\n  The newest: ${explanation}`);
}

async function showModel(context: CommandContext, model: string): Promise<Outcome> {
  const { registry } = context;
  const versions = await registry.listVersions({ model });
  if (versions.length === 0) {
    const known = fewOf((await registry.listModels()).map((each) => each.model));
    throw new WatchlakeError('MODEL_NOT_FOUND', { model, known });
  }
  const champion = await registry.getAlias({ model, alias: CHAMPION });
  const history = await registry.history({ model, limit: HISTORY_SHOWN });
  const verdicts = await registry.verdicts({ model, limit: HISTORY_SHOWN });
  const unmeasured = versions.filter(({ card }) => !card.evaluation);
  const scores = await context.holdoutScores({
    model,
    versions: unmeasured.map(({ version }) => version),
  });
  return {
    result: { model, champion, versions, holdout: Object.fromEntries(scores), history, verdicts },
    show: (voice) => {
      showHeading(voice, `Model ${model}`);
      const titles = [
        'version',
        'made',
        'dataset',
        'windows',
        'evaluation',
        'accuracy',
        'macro-F1',
      ];
      const columns = titles.map((title, at) => ({ title, figures: at === 3 || at > 4 }));
      const rows = versions.map((each) => asRow(each, champion?.version, scores));
      showTable(voice, columns, rows);
      showHeading(voice, 'Moves of its aliases');
      const moves = history.map((each) => [
        moment(each.movedAt),
        each.alias,
        `${each.from ?? '–'} → ${each.version}`,
        each.outcome,
        each.reason,
        each.actor,
      ]);
      const names = ['when', 'alias', 'move', 'outcome', 'reason', 'by'];
      showTable(
        voice,
        names.map((title) => ({ title })),
        moves,
      );
      showVerdicts(voice, verdicts);
    },
  };
}

interface MoveOptions {
  reason: string;
  actor?: string;
}

const asActor = (name = accountName()): string => `cli/${name}`;

async function announced(
  context: CommandContext,
  model: string,
  version: string,
  before: string | null,
): Promise<Outcome> {
  await context.announceChampion({ model, version });
  return {
    result: { model, before, champion: version },
    show: (voice) => {
      showHeading(voice, `The champion of ${model} is version ${version}`);
      showFacts(voice, { before: before && `version ${before}` });
    },
  };
}

async function promote(
  context: CommandContext,
  model: string,
  version: string,
  { reason, actor }: MoveOptions,
): Promise<Outcome> {
  const { registry } = context;
  const from = (await registry.getAlias({ model, alias: CHAMPION }))?.version ?? null;
  if (from !== version) {
    const move = { model, alias: CHAMPION, from, to: version, outcome: 'promote' };
    await registry.moveAlias({ ...move, reason, actor: asActor(actor) });
  }
  return announced(context, model, version, from);
}

async function rollBack(
  context: CommandContext,
  model: string,
  { reason, actor }: MoveOptions,
): Promise<Outcome> {
  const { registry } = context;
  const before = (await registry.getAlias({ model, alias: CHAMPION }))?.version ?? null;
  const { version } = await registry.rollback({ model, reason, actor: asActor(actor) });
  return announced(context, model, version, before);
}

const withReason = (command: Command): Command =>
  command
    .option('--reason <text>', 'why, for the audit trail', 'by-hand')
    .option('--actor <name>', 'who, for the audit trail; the name of your account when absent');

export function addModels(program: Command, act: Actions): void {
  const group = declareGroup(program, {
    usage: 'models',
    about: 'Shows models and their versions, moves the champion, and removes a model.',
    examples: ['models list', 'models show activity'],
  });
  declare(group, {
    usage: 'list',
    about: 'Lists the models.',
    examples: ['models list'],
  }).action(act((shell) => withContext(shell, (context) => listModels(shell, context))));
  declare(group, {
    usage: 'show <model>',
    about: 'Shows the versions of a model, its champion, and how the alias has moved.',
    examples: ['models show activity'],
  }).action(
    act((shell, model: string) => withContext(shell, (context) => showModel(context, model))),
  );
  const promotion = declare(group, {
    usage: 'promote <model> <version>',
    about: 'Makes a version the champion, without asking the gate.',
    examples: ['models promote activity 3 --reason "checked by hand"'],
    more: 'A running predictor takes it over without a restart.',
  });
  withReason(promotion).action(
    act((shell, model: string, version: string, options: MoveOptions) =>
      withContext(shell, (context) => promote(context, model, version, options)),
    ),
  );
  const rollback = declare(group, {
    usage: 'rollback <model>',
    about: 'Makes the former champion the champion again; repeated, it goes further back.',
    examples: ['models rollback activity'],
  });
  withReason(rollback).action(
    act((shell, model: string, options: MoveOptions) =>
      withContext(shell, (context) => rollBack(context, model, options)),
    ),
  );
  addModelsRemove(group, act);
}
