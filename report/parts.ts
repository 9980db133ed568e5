/** The building blocks that the sections share: sections, tables, figures, and words for what is empty. */
import { renderChart, type Chart } from './chart';
import { count } from './format';
import { html, type Html } from './html';

export interface Section {
  id: string;
  title: string;
  content: Html;
}

export type Cell = Html | string | number;

export interface Table {
  caption: string;
  /** A heading in capitals would shout; numbers are set flush right. */
  columns: readonly { heading: string; numeric?: boolean }[];
  /** The first cell of a row names it. */
  rows: readonly (readonly Cell[])[];
}

export const numeric = (heading: string) => ({ heading, numeric: true });
export const textual = (heading: string) => ({ heading });

/** So many rows, or dots, are looked through one by one. */
export const MANY = 30;

/** A table of many rows opens when it is asked for: what follows it stays in sight. */
export function renderTable(table: Table): Html {
  const { length } = table.rows;
  return length <= MANY
    ? openTable(table)
    : html`<details>
        <summary>${table.caption}: ${count(length)} rows</summary>
        ${openTable(table)}
      </details>`;
}

function openTable({ caption, columns, rows }: Table): Html {
  const kind = (index: number) => (columns[index]?.numeric ? 'number' : 'text');
  const head = columns.map(
    ({ heading }, i) => html`<th scope="col" class="${kind(i)}">${heading}</th>`,
  );
  const body = rows.map(([name, ...cells]) => {
    const rest = cells.map((cell, i) => html`<td class="${kind(i + 1)}">${cell}</td>`);
    return html`<tr>
      <th scope="row" class="${kind(0)}">${name}</th>
      ${rest}
    </tr> `;
  });
  return html`<div class="scroll">
    <table class="${columns.length <= 3 ? 'compact' : null}">
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`;
}

/** What the colours of a plot mean; in the page's own text it wraps, scales and prints like the rest. */
export interface Legend {
  heading?: string;
  entries: readonly { name: string; colour: string }[];
}

const renderLegend = ({ heading, entries }: Legend): Html => {
  const items = entries.map(
    ({ name, colour }) =>
      html`<li><span class="swatch" style="background: ${colour}"></span>${name}</li>`,
  );
  return html`<div class="legend">
    ${heading && html`<span class="legend-heading">${heading}</span>`}
    <ul aria-label="${heading ?? 'Colours'}">
      ${items}
    </ul>
  </div>`;
};

export function renderFigure(
  chart: Chart,
  caption: Html | string,
  legends: readonly Legend[] = [],
): Html {
  return html`<figure id="${chart.id}">
    ${legends.map(renderLegend)}
    <div class="scroll">${renderChart(chart)}</div>
    <figcaption>${caption}</figcaption>
  </figure>`;
}

/** The name of a class, which a table breaks where it is so long that it would take the figures' room: at `_` if it can. */
export const className = (name: string): Html =>
  html`<span class="class-name"
    >${name.split(/(?<=_)/).map((part, index) => html`${index === 0 ? null : html`<wbr />`}${part}`)}</span
  >`;

export const empty = (text: string): Html => html`<p class="empty">${text}</p>`;

export const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
