/** Accounts for every row: what each table has read, set aside, left out and used, and why. */
import { count } from '../format';
import { html, type Html } from '../html';
import { empty, numeric, renderTable, sum, textual, type Section } from '../parts';
import type { ReportData, TableCounts } from '../report-data';

export function tablesSection({ tables }: ReportData): Section {
  const named = Object.entries(tables);
  const content =
    named.length === 0
      ? empty('No table has been built yet.')
      : html`<p>
            Nothing is lost in silence: rows read = set aside + left out + used. What is published
            may be of another kind: a window is made from many samples.
          </p>
          ${balanceOf(named)}${reasonsOf(named)}`;
  return { id: 'tables', title: 'Tables and rows', content };
}

type Named = [string, TableCounts];

const balanceOf = (named: Named[]): Html =>
  renderTable({
    caption: 'Rows of each table',
    columns: [
      textual('Table'),
      numeric('Read'),
      numeric('Set aside (quarantine)'),
      numeric('Left out'),
      numeric('Used'),
      numeric('Published'),
    ],
    rows: named.map(([name, { rows, read, quarantined, dropped }]) => {
      const aside = sum(Object.values(quarantined));
      const out = sum(Object.values(dropped));
      const used = read === undefined ? rows : read - aside - out;
      const figures = [used + aside + out, aside, out, used, rows];
      return [html`<code>${name}</code>`, ...figures.map(count)];
    }),
  });

function reasonsOf(named: Named[]): Html {
  const reasons = named.flatMap(([table, { quarantined, dropped }]) => [
    ...rowsOf(table, 'set aside', quarantined),
    ...rowsOf(table, 'left out', dropped),
  ]);
  const aside = sum(named.flatMap(([, { quarantined }]) => Object.values(quarantined)));
  const clean = aside === 0 ? empty('Nothing was quarantined: every row passed its checks.') : null;
  if (reasons.length === 0) return html`${clean}`;
  return html`${clean}${renderTable({
    caption: 'Why rows were set aside or left out',
    columns: [textual('Table'), textual('What happened'), textual('Reason'), numeric('Rows')],
    rows: reasons,
  })}`;
}

const rowsOf = (table: string, what: string, reasons: Record<string, number>) =>
  Object.entries(reasons)
    .filter(([, rows]) => rows > 0)
    .map(([reason, rows]) => [
      html`<code>${table}</code>`,
      what,
      html`<code>${reason}</code>`,
      count(rows),
    ]);
