/** `watchlake provision`: makes what a lake needs in an AWS account, shows it, or removes it. */
import type { Command } from 'commander';
import type { WorkflowInput } from '../../activities/inputs';
import { WatchlakeError } from '../../core/errors';
import { workflowIds } from '../../core/workflow-ids';
import type { ProvisionedResource, ProvisionResult } from '../../workflows/provision';
import {
  declare,
  declareGroup,
  list,
  numberBetween,
  waiting,
  type WaitingOptions,
} from '../command';
import { runWorkflow, withContext } from '../run-workflow';
import type { Actions, Outcome, Shell } from '../shell';
import { showFacts, showHeading, showTable } from '../tables';
import { count, type Voice } from '../voice';

interface TargetFlags extends WaitingOptions {
  environment: string;
  bucket: string;
  prefix?: string;
  region?: string;
  vpc?: string;
  databases?: string[];
  datasets?: string[];
  queryLimit?: number;
}

interface DestroyFlags extends TargetFlags {
  yes: boolean;
  deleteData: boolean;
}

type Input = WorkflowInput<'provision'>;

const LEAST_LIMIT_GB = 0.01;
const MOST_LIMIT_GB = 7_000_000;

const withTarget = (command: Command): Command =>
  waiting(
    command
      .requiredOption('--environment <name>', 'names the roles and the workgroup, and tags all')
      .requiredOption('--bucket <name>', 'bucket of the lake')
      .option('--prefix <path>', 'folder of the lake within the bucket')
      .option('--region <region>', 'region; AWS_REGION of the worker when absent')
      .option('--vpc <id>', 'VPC whose route tables get a gateway endpoint to S3')
      .option(
        '--databases <names>',
        'Glue databases; stedi-human-balance-analytics when absent',
        list,
      )
      .option(
        '--datasets <names>',
        'datasets of the format stedi besides stedi, for jobs to use their folders',
        list,
      )
      .option(
        '--query-limit <GB>',
        'most that one query on Athena may read; 10 when absent',
        numberBetween(LEAST_LIMIT_GB, MOST_LIMIT_GB),
      ),
  );

/** What was not given is left to the defaults of the workflow. */
function inputOf(action: Input['action'], flags: TargetFlags): Input {
  const { environment, bucket, prefix, region, vpc, databases, datasets, queryLimit } = flags;
  const given = { prefix, region, vpc, databases, datasets, queryLimitGb: queryLimit };
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { action, environment, bucket, ...Object.fromEntries(set) };
}

const changesText = ({ action, changes }: ProvisionedResource): string =>
  action === 'update'
    ? changes.map(({ property, from, to }) => `${property}: ${from} → ${to}`).join('; ')
    : '';

const WORDS = {
  plan: { create: 'to make', update: 'to change', none: 'as it is', remove: 'to remove' },
  apply: { create: 'made', update: 'changed', none: 'as it was', remove: 'removed' },
  destroy: { create: '', update: '', none: 'not ours', remove: 'removed' },
} as const;

const HEADINGS = { plan: 'What would change', apply: 'Applied', destroy: 'Removed' } as const;

/** How many of each, in words. */
function showCounts(
  voice: Voice,
  action: Input['action'],
  resources: ProvisionResult['resources'],
) {
  const counts = new Map<string, number>();
  for (const each of resources) {
    const word = WORDS[action][each.action];
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const said = [...counts].map(([word, n]) => `${count(n)} ${word}`).join(', ');
  voice.line();
  voice.line(`  ${said}.${action === 'plan' ? ' Nothing was changed.' : ''}`);
}

function show(voice: Voice, action: Input['action'], result: ProvisionResult): void {
  const { environment, account, region, resources, removedVersions } = result;
  showHeading(voice, `${HEADINGS[action]} (${environment})`);
  if (account !== null) showFacts(voice, { account, region });
  if (removedVersions > 0) showFacts(voice, { 'versions of objects': count(removedVersions) });
  if (resources.length === 0) return voice.line('  There is nothing of this environment.');
  if (account !== null || removedVersions > 0) voice.line();
  const isUpdated = resources.some((each) => changesText(each) !== '');
  const titles = ['resource', 'name', 'what', ...(isUpdated ? ['changes'] : [])];
  const rows = resources.map((each) => [
    each.kind,
    each.name,
    WORDS[action][each.action],
    ...(isUpdated ? [changesText(each)] : []),
  ]);
  showTable(
    voice,
    titles.map((title) => ({ title })),
    rows,
  );
  showCounts(voice, action, resources);
}

async function run(shell: Shell, input: Input, flags: TargetFlags): Promise<Outcome> {
  const { action, environment } = input;
  return withContext(shell, async (context) => {
    const request = {
      workflow: 'provision' as const,
      workflowId: workflowIds.provision(environment),
      input,
      summary: `${action} ${environment} on AWS`,
    };
    const options = { cancelOnExit: flags.cancelOnExit };
    const { run: started, result } = await runWorkflow<ProvisionResult, 'provision'>(
      shell,
      context,
      request,
      options,
    );
    return { result: { ...started, ...result }, show: (voice) => show(voice, action, result) };
  });
}

const EXAMPLE = '--environment research --bucket stedi-lake-research';

export function addProvision(program: Command, act: Actions): void {
  const group = declareGroup(program, {
    usage: 'provision',
    about: 'Makes what a lake needs in an AWS account: bucket, roles, databases, workgroup.',
    examples: [`provision plan ${EXAMPLE}`],
  });
  withTarget(
    declare(group, {
      usage: 'plan',
      about: 'Shows what `apply` would make and change; changes nothing.',
      examples: [`provision plan ${EXAMPLE}`],
    }),
  ).action(act((shell, flags: TargetFlags) => run(shell, inputOf('plan', flags), flags)));
  withTarget(
    declare(group, {
      usage: 'apply',
      about: 'Makes what is missing and sets what differs; repeated, it changes nothing.',
      examples: [`provision apply ${EXAMPLE}`, `provision apply ${EXAMPLE} --vpc vpc-0a1b2c3d`],
      more: 'Whatever exists under these names and does not carry the tag of the environment is left alone, and the command fails. docs/aws.md describes the set-up.',
    }),
  ).action(act((shell, flags: TargetFlags) => run(shell, inputOf('apply', flags), flags)));
  withTarget(
    declare(group, {
      usage: 'destroy',
      about: 'Removes what `apply` has made, and nothing else.',
      examples: [
        `provision destroy ${EXAMPLE} --yes`,
        `provision destroy ${EXAMPLE} --yes --delete-data`,
      ],
      more: 'It refuses while the bucket or a database holds anything, unless told otherwise.',
    }),
  )
    .option('--yes', 'really remove it', false)
    .option('--delete-data', 'with every version of every object, for good', false)
    .action(
      act((shell, flags: DestroyFlags) => {
        const { environment, bucket, yes, deleteData } = flags;
        if (!yes) {
          const lost = deleteData ? ` and all data in ${bucket}` : '';
          const what = `This removes the environment ${environment}${lost} from the AWS account.`;
          throw new WatchlakeError('CONFIRMATION_NEEDED', { what });
        }
        return run(shell, { ...inputOf('destroy', flags), deleteData }, flags);
      }),
    );
}
