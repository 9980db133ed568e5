/** The result of an active-learning loop: its JSON figures, and the tables that a person reads. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Sampling } from '../lakehouse/dataset-format';
import type { LoopResult } from '../workflows/active-learning-loop';
import type { RetrainResult } from '../workflows/retrain';
import { inLines } from './columns';
import { showCost } from './commands/refresh';
import { colouredOutcome, pValueText } from './commands/retrain';
import { commandLine } from './follow-run';
import { showLikelyUnit } from './sampling';
import type { Shell } from './shell';
import { showHeading, showTable } from './tables';
import { count, counted, duration, score, tally, type Voice } from './voice';

const INDENT = '  ';
const BETWEEN = ' · ';

interface TableFigures {
  rows: number;
  quarantined: Record<string, number>;
}

export interface LoopFigures {
  stages: Record<string, number>;
  tables: Record<string, TableFigures>;
  sampling?: Sampling;
  /** That was sampled so. */
  dataset?: string;
  windowsPredicted: number;
  labels: number;
  champion: LoopResult['champion'];
  retrains: { outcome: RetrainResult['outcome']; reason: string; pValue: number | null }[];
  report: string;
  cost?: LoopResult['cost'];
}

const pathOf = (uri: string): string => (uri.startsWith('file:') ? fileURLToPath(uri) : uri);

export function loopFigures(result: LoopResult): LoopFigures {
  const { landing, tables, retrains } = result;
  const figures = { ...(landing === null ? {} : { [landing.table]: landing }), ...tables };
  return {
    stages: result.stages,
    tables: Object.fromEntries(
      Object.entries(figures).map(([name, { rows, quarantined }]) => [name, { rows, quarantined }]),
    ),
    ...(landing?.sampling === undefined
      ? {}
      : { sampling: landing.sampling, dataset: landing.dataset }),
    windowsPredicted: result.windowsPredicted,
    labels: result.labels,
    champion: result.champion,
    retrains: retrains.map(({ outcome, reason, pValue }) => ({ outcome, reason, pValue })),
    report: pathOf(result.reportUri),
    ...(result.cost === undefined ? {} : { cost: result.cost }),
  };
}

function showTables(voice: Voice, { tables }: LoopFigures): void {
  const columns = [{ title: 'table' }, { title: 'rows', figures: true }, { title: 'quarantined' }];
  const rows = Object.entries(tables).map(([name, table]) => [
    name,
    count(table.rows),
    tally(table.quarantined),
  ]);
  showTable(voice, columns, rows);
}

function showChampions(voice: Voice, { champion }: LoopFigures): void {
  const columns = [
    { title: 'champion' },
    { title: 'version', figures: true },
    { title: 'accuracy', figures: true },
    { title: 'macro-F1', figures: true },
  ];
  const rows = (['before', 'after'] as const).map((when) => {
    const version = champion[when];
    return [when, version?.version ?? '–', score(version?.accuracy), score(version?.macroF1)];
  });
  showTable(voice, columns, rows);
}

function showRetrains(voice: Voice, { retrains }: LoopFigures): void {
  const columns = [
    { title: 'retrain' },
    { title: 'outcome' },
    { title: 'reason' },
    { title: 'p', figures: true },
  ];
  const rows = retrains.map(({ outcome, reason, pValue }, at) => [
    at === 0 ? 'on the new labels' : 'on shuffled labels',
    colouredOutcome(voice.colors, outcome),
    reason,
    pValueText(pValue),
  ]);
  showTable(voice, columns, rows);
}

export function showLoop(
  voice: Voice,
  shell: Pick<Shell, 'homeOption'>,
  { title, figures }: { title: string; figures: LoopFigures },
): void {
  showHeading(voice, title);
  showTables(voice, figures);
  if (figures.sampling) {
    const removal = commandLine(shell, `datasets remove ${figures.dataset}`);
    showLikelyUnit(voice, figures.sampling, removal);
  }
  voice.line();
  showChampions(voice, figures);
  voice.line();
  showRetrains(voice, figures);
  voice.line();
  const stages = Object.entries(figures.stages).map(
    ([name, seconds]) => `${name} ${duration(seconds)}`,
  );
  for (const line of inLines(stages, BETWEEN, (voice.width ?? Infinity) - INDENT.length))
    voice.line(voice.colors.dim(`${INDENT}${line}`));
  const { windowsPredicted, labels } = figures;
  const said = `${counted(windowsPredicted, 'window')} predicted, ${counted(labels, 'label')}`;
  voice.line(voice.colors.dim(`  ${said}`));
  showCost(voice, figures.cost);
}

export const fileLink = (path: string): string =>
  path.startsWith('/') ? pathToFileURL(path).href : path;

export function showReport(voice: Voice, { report }: LoopFigures): void {
  voice.line();
  voice.line(`  report  ${fileLink(report)}`);
}
