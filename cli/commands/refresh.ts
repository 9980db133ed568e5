/** `watchlake refresh`: rebuilds the tables of a dataset. */
import type { Command } from 'commander';
import type { EngineName } from '../../core/engine-names';
import { workflowIds } from '../../core/workflow-ids';
import { WINDOWS_TABLE } from '../../lakehouse/watch/windows';
import type { RefreshResult, TableSummary } from '../../workflows/refresh-tables';
import { declare, waiting, wholeNumber, type WaitingOptions } from '../command';
import { engineOption } from '../engine-option';
import { commandLine } from '../follow-run';
import { labellingOf, withLabelling, type LabellingFlags } from '../labelling-options';
import { showNext } from '../next-step';
import { hasNoWindows, showNoWindows } from '../no-windows';
import { runWorkflow, withContext } from '../run-workflow';
import type { Actions, Shell } from '../shell';
import { showHeading, showTable } from '../tables';
import { count, type Voice } from '../voice';

interface RefreshOptions extends WaitingOptions, LabellingFlags {
  windowLength?: number;
  windowStep?: number;
  engine?: EngineName;
}

type Tables = Readonly<Record<string, TableSummary>>;

const PROBLEMS_SHOWN = 5;

const totalOf = (counts: Readonly<Record<string, number>> = {}): string => {
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  return total === 0 ? '–' : count(total);
};

/** Every row that is not used as it is, with its reason. */
function showReasons(voice: Voice, tables: Tables): void {
  const reasons = Object.entries(tables).flatMap(([name, table]) =>
    Object.entries({
      quarantined: table.quarantined,
      dropped: table.dropped,
      mended: table.noted ?? {},
    }).flatMap(([fate, counts]) =>
      Object.entries(counts).map(([reason, n]) => [name, fate, reason, count(n)]),
    ),
  );
  if (reasons.length === 0) return;
  const titles = ['table', 'rows were', 'because'].map((title) => ({ title }));
  voice.line();
  showTable(voice, [...titles, { title: 'rows', figures: true }], reasons);
}

function showProblems(voice: Voice, tables: Tables, hint: Hint): void {
  const entries = Object.entries(tables);
  const problems = entries.flatMap(([, { firstProblems }]) => firstProblems);
  if (problems.length === 0) return;
  voice.line();
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) {
    voice.line(`  ${voice.colors.yellow('quarantined')} ${problem}`);
  }
  for (const [table, { firstProblems }] of entries) {
    if (firstProblems.length > 0) voice.line(`  ${voice.colors.dim(hint(table))}`);
  }
}

/** Where more of a table's problems are shown. */
type Hint = (table: string) => string;

const hintFor =
  (shell: Shell, dataset: string): Hint =>
  (table) =>
    `more of them: ${commandLine(shell, `quarantine show ${table} --dataset ${dataset}`)}`;

export function showTableSummaries(
  voice: Voice,
  tables: Tables,
  place: { shell: Shell; dataset: string },
): void {
  // Read, quarantined and dropped are rows of one kind; those that were made may be of another.
  const figures = ['read', 'quarantined', 'dropped', 'mended', 'rows'];
  const columns = [
    { title: 'table' },
    ...figures.map((title) => ({ title, figures: true })),
    { title: '' },
  ];
  const rows = Object.entries(tables).map(([name, table]) => [
    ...[name, table.read === undefined ? '–' : count(table.read)],
    ...[table.quarantined, table.dropped, table.noted].map(totalOf),
    count(table.rows),
    table.reused ? voice.colors.dim('unchanged') : '',
  ]);
  showTable(voice, columns, rows);
  showReasons(voice, tables);
  showProblems(voice, tables, hintFor(place.shell, place.dataset));
}

/** Recordings of people go on into a loop; of other data the last table holds what all are made for. */
export function showAfterRefresh(
  voice: Voice,
  tables: Tables,
  { shell, dataset }: { shell: Shell; dataset: string },
): void {
  const [table] = Object.keys(tables).slice(-1);
  if (hasNoWindows(tables)) return showNoWindows(voice, tables, { shell, dataset });
  if (WINDOWS_TABLE in tables) return showNext(voice, shell, `loop --dataset ${dataset}`);
  // Of an empty table there is nothing to look at: what became of the rows stands above.
  if (table === undefined || tables[table]?.rows === 0) return;
  showNext(voice, shell, `query "SELECT * FROM ${table} LIMIT 5" --dataset ${dataset}`);
}

/** Of engines that AWS runs. */
export function showCost(voice: Voice, cost: RefreshResult['cost']): void {
  if (cost === undefined) return;
  const { what, costUsd, pricesOf } = cost;
  const dollars = costUsd === null ? 'no price is known' : `about $${costUsd.toFixed(2)}`;
  voice.line();
  voice.line(voice.colors.dim(`  ${dollars} for ${what} (prices of ${pricesOf})`));
}

export function addRefresh(program: Command, act: Actions): void {
  const command = declare(program, {
    usage: 'refresh <dataset>',
    about: 'Rebuilds the tables of a dataset and publishes them together; unchanged ones are kept.',
    examples: [
      'refresh watch-exercises',
      'refresh trial --window-length 2000 --window-step 1000',
      'refresh wsu --label-span 10 --activities summed-up',
      'refresh wsu --engine emr',
    ],
    more: 'docs/emr.md describes the engines emr and glue, which need a lake on S3.',
  })
    .option('--window-length <ms>', 'length of a window', wholeNumber(100, 600_000))
    .option(
      '--window-step <ms>',
      'distance between the starts of windows',
      wholeNumber(50, 600_000),
    )
    .addOption(engineOption());
  waiting(withLabelling(command)).action(
    act(async (shell, dataset: string, options: RefreshOptions) => {
      const { windowLength: lengthMs, windowStep: stepMs, engine, cancelOnExit } = options;
      const window = {
        ...(lengthMs === undefined ? {} : { lengthMs }),
        ...(stepMs === undefined ? {} : { stepMs }),
      };
      return withContext(shell, async (context) => {
        const { run, result } = await runWorkflow<RefreshResult, 'refreshTables'>(
          shell,
          context,
          {
            workflow: 'refreshTables',
            workflowId: workflowIds.refreshTables(dataset),
            input: {
              ...{ dataset, window, ...labellingOf(options) },
              ...(engine === undefined ? {} : { engine }),
            },
            summary: `Build the tables of ${dataset}`,
          },
          { cancelOnExit },
        );
        return {
          result: { ...run, ...result },
          show: (voice) => {
            showHeading(voice, `Published ${dataset}, release ${result.releaseId}`);
            showTableSummaries(voice, result.tables, { shell, dataset });
            showCost(voice, result.cost);
            showAfterRefresh(voice, result.tables, { shell, dataset });
          },
        };
      });
    }),
  );
}
