/** `watchlake stedi run`: lands the three sources and builds, checks and publishes their tables. */
import { Option, type Command } from 'commander';
import type { WorkflowInput } from '../../activities/inputs';
import type { EngineName } from '../../core/engine-names';
import { workflowIds } from '../../core/workflow-ids';
import { STEDI_DATASET } from '../../lakehouse/stedi/locations';
import type { StediOptions } from '../../lakehouse/stedi/options';
import { ASSOCIATIONS, CONSENT_RULES, DEFAULT_OPTIONS, FROM } from '../../lakehouse/stedi/options';
import type { RefreshResult, TableSummary } from '../../workflows/refresh-tables';
import { declare, waiting, type WaitingOptions } from '../command';
import { engineOption } from '../engine-option';
import { runWorkflow, withContext } from '../run-workflow';
import type { Actions } from '../shell';
import { showHeading } from '../tables';
import { requireSource } from '../unreadable-file';
import { absoluteSource } from './ingest';
import type { Voice } from '../voice';
import { showAfterRefresh, showCost, showTableSummaries } from './refresh';

interface RunFlags extends WaitingOptions, StediOptions {
  source?: string;
  dataset: string;
  engine?: EngineName;
}

function inputOf(flags: RunFlags): WorkflowInput<'refreshTables'> {
  const { source, dataset, consent, association, from, engine } = flags;
  return {
    dataset,
    options: { consent, association, from },
    ...(source === undefined ? {} : { source: absoluteSource(source), format: 'stedi' }),
    ...(engine === undefined ? {} : { engine }),
  };
}

const withOptions = (command: Command): Command =>
  command
    .option(
      '--source <place>',
      'folder, zip, s3:// address or glue://database; what has landed when absent',
    )
    .addOption(
      new Option('--consent <rule>', 'drop readings from before the consent, or keep them')
        .choices(CONSENT_RULES)
        .default(DEFAULT_OPTIONS.consent),
    )
    .addOption(
      new Option('--association <rule>', "pair readings of one person's moments, or of any moments")
        .choices(ASSOCIATIONS)
        .default(DEFAULT_OPTIONS.association),
    )
    .addOption(
      new Option(
        '--from <place>',
        'find what has landed in the catalogue, or by its prefix in the lake',
      )
        .choices(FROM)
        .default(DEFAULT_OPTIONS.from),
    )
    .addOption(engineOption())
    .option('--dataset <name>', 'dataset in the lake', STEDI_DATASET);

// What files that are no JSON lines give: an array, or objects over several lines.
const NO_OBJECTS: ReadonlySet<string> = new Set(['json-malformed', 'not-an-object']);

const gaveNoObject = ({ rows, quarantined }: TableSummary): boolean => {
  const reasons = Object.keys(quarantined);
  return rows === 0 && reasons.length > 0 && reasons.every((reason) => NO_OBJECTS.has(reason));
};

/** An export in another form is taken line by line, and would look like bad data. */
function showOtherForm(voice: Voice, tables: RefreshResult['tables']): void {
  const without = Object.keys(tables).filter((name) => gaveNoObject(tables[name] as TableSummary));
  if (without.length === 0) return;
  voice.line();
  voice.line(
    voice.colors.yellow(
      `  No line was a JSON object for ${without.join(', ')}: each line has to be one. \`jq -c '.[]' old.json > new.json\` makes such lines of an array, \`jq -c . old.json\` of objects over several lines.`,
    ),
  );
}

export function addStediRun(group: Command, act: Actions): void {
  const command = declare(group, {
    usage: 'run',
    about: 'Lands customers and readings, and builds, checks and publishes the tables of them.',
    examples: [
      'stedi run --source data/stedi',
      'stedi run --source s3://bucket/stedi --consent any --association timestamp --json',
      'stedi run --engine glue',
      'stedi run --source glue://stedi-raw',
    ],
    more: 'docs/stedi.md describes the source and the tables. What has landed is not landed again.',
  });
  waiting(withOptions(command)).action(
    act(async (shell, flags: RunFlags) =>
      withContext(shell, async (context) => {
        const { dataset, cancelOnExit, source } = flags;
        if (source !== undefined) await requireSource(source);
        const request = {
          workflow: 'refreshTables' as const,
          workflowId: workflowIds.refreshTables(dataset),
          input: inputOf(flags),
          summary: `Land and build ${dataset}`,
        };
        const { run, result } = await runWorkflow<RefreshResult, 'refreshTables'>(
          ...([shell, context, request, { cancelOnExit }] as const),
        );
        return {
          result: { ...run, ...result },
          show: (voice) => {
            showHeading(voice, `Published ${dataset}, release ${result.releaseId}`);
            showTableSummaries(voice, result.tables, { shell, dataset });
            showOtherForm(voice, result.tables);
            showCost(voice, result.cost);
            showAfterRefresh(voice, result.tables, { shell, dataset });
          },
        };
      }),
    ),
  );
}
