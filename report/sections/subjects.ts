/** Shows what the loop did for each unseen person. */
import { count, rangeOf, score, shown, signed } from '../format';
import { html, type Html } from '../html';
import { MANY, empty, numeric, renderTable, textual, type Section } from '../parts';
import type { ScoredReport } from '../report-data';
import { renderPeoplePlot, type Person } from './people-plot';

export function subjectsSection({ before, after }: ScoredReport): Section {
  const people = peopleOf(before.evaluation.bySubject, after.evaluation.bySubject);
  const content =
    people.length === 0
      ? empty('The holdout has no people to compare.')
      : html`${spreadOf(people)}${plotOf(people)}${tableOf(people)}`;
  return { id: 'people', title: 'People', content };
}

type BySubject = ScoredReport['after']['evaluation']['bySubject'];

/** The best first. Numbers stand for keys in the chart: part of a key would outlast the erasure of its person. */
function peopleOf(before: BySubject, after: BySubject): Person[] {
  return after
    .map((now) => ({
      subject: now.subject,
      windows: now.windows,
      before: before.find(({ subject }) => subject === now.subject) ?? null,
      after: now,
    }))
    .sort((a, b) => b.after.macroF1 - a.after.macroF1)
    .map((person, index) => ({ ...person, name: `P${index + 1}` }));
}

/** An interval over people, as they are the units that the gate compares. */
function spreadOf(people: readonly Person[]): Html {
  const known = people.flatMap(({ before }) => (before === null ? [] : [before.macroF1]));
  const earlier = known.length === 0 ? '' : `${rangeOf(known)} before, `;
  return html`<p>
    From person to person macro-F1 runs
    ${earlier}${rangeOf(people.map(({ after }) => after.macroF1))} ${earlier && 'after'}.
  </p>`;
}

/** Of many people those who are worst off: they are why a model is looked at person by person. */
function plotOf(people: readonly Person[]): Html {
  if (people.length <= MANY) return renderPeoplePlot(people);
  return html`<p>
      ${changesOf(people)} The figure shows the ${count(MANY)} of ${count(people.length)} people
      whose score is lowest now.
    </p>
    ${renderPeoplePlot(people.slice(-MANY))}`;
}

function changesOf(people: readonly Person[]): string | null {
  const changes = people.flatMap(({ before, after }) =>
    before === null ? [] : [Math.sign(shown(after.macroF1 - before.macroF1))],
  );
  if (changes.length === 0) return null;
  const numberOf = (sign: number) => count(changes.filter((change) => change === sign).length);
  return `${numberOf(1)} got better, ${numberOf(-1)} got worse, ${numberOf(0)} stayed the same.`;
}

const tableOf = (people: readonly Person[]): Html =>
  renderTable({
    caption: 'Scores of each person of the holdout, numbered as in the figure',
    columns: [
      textual('Person'),
      textual('Key'),
      numeric('Windows'),
      numeric('Accuracy before'),
      numeric('Accuracy after'),
      numeric('Macro-F1 before'),
      numeric('Macro-F1 after'),
      numeric('Difference'),
    ],
    rows: people.map(({ name, subject, windows, before, after }) => [
      name,
      html`<code class="nowrap">${subject}</code>`,
      count(windows),
      score(before?.accuracy ?? null),
      score(after.accuracy),
      score(before?.macroF1 ?? null),
      score(after.macroF1),
      signed(before && after.macroF1 - before.macroF1),
    ]),
  });
