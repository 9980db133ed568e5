/** `watchlake quarantine`: shows rows that broke a rule, and tries them again. */
import type { Command } from 'commander';
import { workflowIds } from '../../core/workflow-ids';
import type { QuarantineCount, QuarantinedRow } from '../../lakehouse/read-quarantine';
import type { RefreshResult } from '../../workflows/refresh-tables';
import { declare, declareGroup, waiting, wholeNumber, type WaitingOptions } from '../command';
import { commandLine } from '../follow-run';
import { runWorkflow, withContext } from '../run-workflow';
import type { Actions, Outcome, Shell } from '../shell';
import { printable } from '../printable';
import { showHeading, showTable } from '../tables';
import { count } from '../voice';
import { showTableSummaries } from './refresh';

interface ShowFlags {
  dataset: string;
  reason?: string;
  raw: boolean;
  limit: number;
}

const asCells = ({ dataset, table, reason, rows }: QuarantineCount): string[] => [
  ...[dataset, table, reason],
  count(rows),
];

async function listCounts(shell: Shell, dataset?: string): Promise<Outcome> {
  const lake = await shell.services.openLake(shell.config);
  const counts = await lake.quarantine.list({ dataset });
  return {
    result: { quarantined: counts },
    show: (voice) => {
      if (counts.length === 0) return voice.line('Nothing is in quarantine.');
      showHeading(voice, 'In quarantine');
      const titles = ['dataset', 'table', 'reason'].map((title) => ({ title }));
      showTable(voice, [...titles, { title: 'rows', figures: true }], counts.map(asCells));
    },
  };
}

async function showRows(shell: Shell, table: string, flags: ShowFlags): Promise<Outcome> {
  const { dataset, reason, raw: withRaw, limit: maximumRows } = flags;
  const lake = await shell.services.openLake(shell.config);
  const shown = await lake.quarantine.show({ dataset, table, reason, withRaw, maximumRows });
  const cells = ({ file, line, reason: why, detail, raw }: QuarantinedRow): string[] => [
    ...[file, String(line), why, detail ?? ''],
    ...(withRaw ? [raw ?? ''] : []),
  ];
  return {
    result: shown,
    show: (voice) => {
      if (shown.rows.length === 0) {
        const list = commandLine(shell, `quarantine list --dataset ${dataset}`);
        return voice.line(`No such row is in quarantine; \`${list}\` counts what is.`);
      }
      showHeading(voice, `In quarantine: ${table}`);
      const titles = ['file', 'line', 'reason', 'detail', ...(withRaw ? ['raw'] : [])];
      const columns = titles.map((title) => ({ title, figures: title === 'line' }));
      const texts = shown.rows.map((row) => cells(row).map(printable));
      showTable(voice, columns, texts);
      if (!shown.truncated) return;
      voice.line();
      voice.line(`  There are more than ${maximumRows}: raise --limit.`);
    },
  };
}

async function replay(shell: Shell, dataset: string, { cancelOnExit }: WaitingOptions) {
  return withContext(shell, async (context): Promise<Outcome> => {
    const request = {
      workflow: 'refreshTables' as const,
      workflowId: workflowIds.refreshTables(dataset),
      input: { dataset, replayQuarantine: true },
      summary: `Try the quarantine of ${dataset} again`,
    };
    const { run, result } = await runWorkflow<RefreshResult, 'refreshTables'>(
      ...([shell, context, request, { cancelOnExit }] as const),
    );
    return {
      result: { ...run, ...result },
      show: (voice) => {
        const isSame = Object.values(result.tables).every(({ reused }) => reused);
        const outcome = isSame ? 'Tried again: no more lines pass' : 'Tried again, and published';
        showHeading(voice, `${outcome}; release ${result.releaseId}`);
        showTableSummaries(voice, result.tables, { shell, dataset });
      },
    };
  });
}

export function addQuarantine(program: Command, act: Actions): void {
  const group = declareGroup(program, {
    usage: 'quarantine',
    about: 'Shows rows that broke a rule, and tries them again.',
    examples: ['quarantine list', 'quarantine show accelerometer_landing --dataset stedi'],
  });
  declare(group, {
    usage: 'list',
    about: 'Counts the rows in quarantine by table and reason.',
    examples: ['quarantine list', 'quarantine list --dataset stedi'],
    more: 'The stack need not run.',
  })
    .option('--dataset <name>', 'only this dataset; all when absent')
    .action(act((shell, { dataset }: { dataset?: string }) => listCounts(shell, dataset)));
  declare(group, {
    usage: 'show <table>',
    about: 'Shows which rows of a table are in quarantine, and why.',
    examples: ['quarantine show accelerometer_landing --dataset stedi --reason wrong-type'],
    more: 'The stack need not run.',
  })
    .requiredOption('--dataset <name>', 'dataset of the table')
    .option('--reason <code>', 'only rows with this reason')
    .option('--raw', 'also the rows as they were read, which may tell of people', false)
    .option('--limit <rows>', 'most rows to show', wholeNumber(1, 100_000), 20)
    .action(act((shell, table: string, flags: ShowFlags) => showRows(shell, table, flags)));
  const again = declare(group, {
    usage: 'replay <dataset>',
    about:
      'Puts quarantined rows through the rules again and publishes the tables with those that pass.',
    examples: ['quarantine replay stedi'],
    more: 'For rules that were mended. A source that was mended is ingested again: its file takes the place of the earlier one.',
  });
  waiting(again).action(
    act((shell, dataset: string, options: WaitingOptions) => replay(shell, dataset, options)),
  );
}
