/** `watchlake campaigns`: asks people about what a model is unsure of, and looks after what was asked. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { Option, type Command } from 'commander';
import type { CampaignProgress } from '../../annotation/campaigns';
import { WatchlakeError } from '../../core/errors';
import { workflowIds } from '../../core/workflow-ids';
import type { CommandContext } from '../../workers/connect';
import type { CampaignResult } from '../../workflows/annotation-campaign';
import {
  declare,
  declareGroup,
  list,
  numberBetween,
  waiting,
  wholeNumber,
  type WaitingOptions,
} from '../command';
import { earlierCampaign } from '../earlier-campaign';
import { commandLine, followRun, followUntil } from '../follow-run';
import { labelPage } from '../label-page';
import { learnedFrom } from '../learned-from';
import { runLink } from '../run-links';
import { showRun, startRun, withContext, type StartedRun } from '../run-workflow';
import type { Actions, Outcome, Shell } from '../shell';
import { showFacts, showHeading, showTable } from '../tables';
import { count, counted, moment, type Voice } from '../voice';
import { freshName } from './simulate';

interface OpenOptions extends WaitingOptions {
  dataset: string;
  model: string;
  name?: string;
  subjects?: string[];
  labels: number;
  auditShare: number;
  closeAfter: number;
  answeredBy: 'people' | 'oracle';
  follow: boolean;
}

const DAY_MINUTES = 24 * 60;

const TITLES: Record<CampaignResult['outcome'], string> = {
  complete: 'has its answers',
  'closed-early': 'was closed before everything was answered',
  'nothing-to-ask': 'had nothing to ask',
};

const askedOf = (tasks: number, wanted: number): string =>
  tasks < wanted
    ? `${count(tasks)} of ${count(wanted)}: there is no more to ask about yet`
    : count(tasks);

/** What learns from the labels; a model learns from one dataset, and may predict on another. */
function nextAfter(shell: Shell, { dataset, model, waitedForBy, learned }: Asked): string {
  if (waitedForBy) return commandLine(shell, `attach ${waitedForBy}`);
  if (learned === null || learned === dataset) {
    return commandLine(shell, `retrain --dataset ${dataset} --model ${model}`);
  }
  const other = commandLine(shell, `loop --dataset ${dataset} --model <name>`);
  return `${other}; ${model} learns from ${learned} alone`;
}

function showResult(voice: Voice, shell: Shell, result: CampaignResult, asked: Asked): void {
  const { dataset, model, target } = asked;
  showHeading(voice, `The campaign ${result.campaign} ${TITLES[result.outcome]}`);
  if (result.outcome === 'nothing-to-ask') {
    voice.line(`  Of all that ${model} has predicted on ${dataset} it is unsure of nothing that`);
    voice.line(
      '  nobody was asked about yet, nor is a random audit left. Windows that were made with',
    );
    return voice.line(
      '  other features than those in force do not count: nothing would learn from them.',
    );
  }
  showFacts(voice, {
    asked: askedOf(result.tasks, target),
    labels: `${count(result.labels)}, of these ${counted(result.audit, 'audit')}`,
    skipped: result.skipped > 0 ? count(result.skipped) : null,
    next: nextAfter(shell, asked),
  });
}

type Asked = Pick<CampaignProgress, 'dataset' | 'model' | 'target'> & {
  /** A loop, which retrains with the answers by itself. */
  waitedForBy?: string | null;
  learned: string | null;
};

/** One that is over would end at once with its old figures. */
async function refuseClosed(context: CommandContext, campaign: string): Promise<void> {
  const earlier = await earlierCampaign(context, campaign);
  if (earlier?.status === 'closed') throw new WatchlakeError('CAMPAIGN_CLOSED', { campaign });
}

async function opened(
  shell: Shell,
  run: StartedRun,
  { campaign, tasks, answered, skipped }: CampaignProgress,
  wanted: number,
): Promise<Outcome> {
  const page = await labelPage(shell, campaign);
  return {
    result: { ...run, campaign, tasks, wanted, answered, skipped, page },
    show: (voice) => {
      showHeading(voice, `The campaign ${campaign} is open`);
      showFacts(voice, {
        asks: askedOf(tasks, wanted),
        answered: answered + skipped > 0 ? count(answered + skipped) : null,
        label: page,
        run: run.link || run.workflowId,
        watch: commandLine(shell, `attach ${run.workflowId}`),
        close: commandLine(shell, `campaigns close ${campaign}`),
      });
    },
  };
}

async function openCampaign(
  shell: Shell,
  context: CommandContext,
  options: OpenOptions,
): Promise<Outcome> {
  const { dataset, model, subjects, labels, auditShare, answeredBy, cancelOnExit } = options;
  const { name: campaign = freshName(dataset), closeAfter, follow } = options;
  await refuseClosed(context, campaign);
  const closeMinutes = closeAfter * DAY_MINUTES;
  const asked = { labels, auditShare, closeMinutes, answeredBy };
  const request = {
    workflow: 'annotationCampaign' as const,
    workflowId: workflowIds.annotationCampaign(campaign),
    input: { campaign, dataset, model, ...(subjects ? { subjects } : {}), ...asked },
    summary: `Ask for ${counted(labels, 'label')}`,
  };
  const run = await startRun(shell, context, request, { cancelOnExit });
  showRun(shell, run);
  const following = { ...run, cancelOnExit };
  const result = follow
    ? await followRun<CampaignResult>(shell, context.client, following)
    : await followUntil<CampaignResult>(
        shell,
        context.client,
        following,
        ({ facts }) =>
          // People take days: the command ends when they can begin.
          Number(facts.tasks) > 0,
      );
  if (result === null) {
    return opened(shell, run, await context.annotation.progress({ campaign }), labels);
  }
  const learned = await learnedFrom(context, model);
  return {
    result: { ...run, ...result, wanted: labels },
    show: (voice) => showResult(voice, shell, result, { dataset, model, target: labels, learned }),
  };
}

function addOpen(group: Command, act: Actions): void {
  const command = declare(group, {
    usage: 'open',
    about: 'Asks people about the windows of the live stream that the model is least sure of.',
    examples: [
      'campaigns open --dataset watch-exercises --labels 50',
      'campaigns open --dataset trial --model gait --close-after 2 --follow',
    ],
    more: 'It lands what was predicted until now, and asks nothing that was answered or is being asked, and nobody whom a loop has set aside to judge versions. The command ends when people can answer; `retrain` learns from their labels.',
  })
    .requiredOption('--dataset <name>', 'dataset whose streams are predicted')
    .option('--model <name>', 'name of the model', 'activity')
    .option('--name <name>', 'name of the campaign; a new one each time when absent')
    .option('--subjects <keys>', 'only these subjects, by their keys, comma-separated', list)
    .option('--labels <n>', 'labels to ask for', wholeNumber(1, 100_000), 300)
    .option(
      '--audit-share <share>',
      'of them drawn at random, whatever the confidence: they judge challengers first',
      numberBetween(0, 1),
      0.15,
    )
    .option('--close-after <days>', 'closes by itself after so long', numberBetween(0.001, 90), 7)
    .addOption(
      new Option('--answered-by <who>', 'people at the label page, or the recordings themselves')
        .choices(['people', 'oracle'])
        .default('people'),
    )
    .option('--follow', 'stay until it is over', false);
  waiting(command).action(
    act((shell, options: OpenOptions) =>
      withContext(shell, (context) => openCampaign(shell, context, options)),
    ),
  );
}

/** Nothing was asked, or what was asked is gone with the people whom it was about. */
const closedAs = ({ tasks }: CampaignProgress): string =>
  tasks === 0 ? 'closed, without tasks' : 'closed';

async function listCampaigns(
  shell: Shell,
  context: CommandContext,
  limit: number,
): Promise<Outcome> {
  const { annotation } = context;
  const campaigns = await annotation.listCampaigns({ limit });
  const { open, closed } = await annotation.countCampaigns();
  const truncated = open + closed > campaigns.length;
  if (truncated)
    shell.notes.line(`There are more campaigns than ${count(limit)}: raise --limit to see them.`);
  const page = await labelPage(shell);
  return {
    result: { campaigns, truncated, page },
    show: (voice) => {
      if (campaigns.length === 0)
        return voice.line(
          `There are no campaigns; \`${commandLine(shell, 'campaigns open --dataset <name>')}\` opens one.`,
        );
      showHeading(voice, 'Label campaigns');
      const { colors } = voice;
      const figures = ['tasks', 'labelled', 'skipped'];
      const titles = ['campaign', 'dataset', 'model', 'state', ...figures, 'opened'];
      const columns = titles.map((title) => ({ title, figures: figures.includes(title) }));
      const rows = campaigns.map((each) => [
        ...[each.campaign, each.dataset, each.model],
        each.status === 'open' ? colors.green('open') : closedAs(each),
        ...[each.tasks, each.answered, each.skipped].map(count),
        moment(each.openedAt),
      ]);
      showTable(voice, columns, rows);
      if (page === null || !campaigns.some(({ status }) => status === 'open')) return;
      voice.line();
      voice.line(`  label  ${page}`);
    },
  };
}

/** Lets its run look at once; false when there is none, as after one that was cancelled. */
async function wake(client: Client, workflowId: string): Promise<boolean> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    await handle.executeUpdate('labelBatch', { args: [{ batchId: 'closed' }] });
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function closeCampaign(
  shell: Shell,
  context: CommandContext,
  campaign: string,
): Promise<Outcome> {
  const { annotation, client, addresses } = context;
  const state = await annotation.closeCampaign({ campaign });
  const workflowId = workflowIds.annotationCampaign(campaign);
  if (await wake(client, workflowId)) {
    const namespace = shell.config.TEMPORAL_NAMESPACE;
    const link = runLink({ uiUrl: addresses.temporal.uiUrl, namespace, workflowId });
    const result = await followRun<CampaignResult>(shell, client, { workflowId, link });
    const { parentExecution } = await client.workflow.getHandle(workflowId).describe();
    const waitedForBy = parentExecution?.workflowId ?? null;
    const learned = await learnedFrom(context, state.model);
    return {
      result: { workflowId, link, ...result },
      show: (voice) => showResult(voice, shell, result, { ...state, waitedForBy, learned }),
    };
  }
  return {
    result: { ...state },
    show: (voice) => {
      showHeading(voice, `The campaign ${campaign} is closed`);
      showFacts(voice, {
        labels: count(state.answered),
        skipped: count(state.skipped),
        'not answered': count(state.open + state.leased),
      });
    },
  };
}

export function addCampaigns(program: Command, act: Actions): void {
  const group = declareGroup(program, {
    usage: 'campaigns',
    about: 'Asks people for labels of what a model is unsure of.',
    examples: ['campaigns list', 'campaigns open --dataset watch-exercises'],
  });
  addOpen(group, act);
  declare(group, {
    usage: 'list',
    about: 'Shows the label campaigns, the newest first, and how far they are.',
    examples: ['campaigns list', 'campaigns list --limit 200'],
  })
    .option('--limit <n>', 'most that are shown, open ones first', wholeNumber(1, 100_000), 50)
    .action(
      act((shell, { limit }: { limit: number }) =>
        withContext(shell, (context) => listCampaigns(shell, context, limit)),
      ),
    );
  declare(group, {
    usage: 'close <campaign>',
    about: 'Ends a campaign early, with the labels that it has.',
    examples: ['campaigns close trial-20260301t080000z'],
    more: 'What nobody has answered may be asked again by the next one. A loop that waits for it goes on.',
  }).action(
    act((shell, campaign: string) =>
      withContext(shell, (context) => closeCampaign(shell, context, campaign)),
    ),
  );
}
