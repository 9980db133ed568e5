/** Shows which classes are taken for which, before and after, as tables shaded by their shares. */
import type { Evaluation } from '../../models/evaluation';
import { count, counted, percent, score, scoredOn, signed } from '../format';
import { html, type Html } from '../html';
import { className, numeric, renderTable, sum, textual, type Section } from '../parts';
import type { ScoredReport, VersionEvaluation } from '../report-data';

/** From this share on white is easier to read on the shade than black; both have a contrast of 4.5. */
const DEEP = 0.815;

/** Matrices of more classes than this stand one below the other. */
const SIDE_BY_SIDE = 10;

export function confusionSection({ before, after }: ScoredReport): Section {
  const same = before.version === after.version;
  const matrices = same
    ? [matrixOf(after, 'now')]
    : [matrixOf(before, 'before'), matrixOf(after, 'after')];
  const content = html`<p>
      Each row is a true class; its shares add up to one. A perfect classifier has ones on the
      diagonal alone.
    </p>
    <div class="${after.evaluation.classes.length > SIDE_BY_SIDE ? null : 'pair'}">${matrices}</div>
    ${same ? null : unlearnedOf(before)} ${unlearnedOf(after)}
    ${perClassOf(before.evaluation, after.evaluation)}`;
  return { id: 'classes', title: 'Classes', content };
}

/** Versions that were stored before new activities were counted say nothing of them. */
function unlearnedOf({ version, evaluation: { unlearned = [] } }: VersionEvaluation): Html | null {
  if (unlearned.length === 0) return null;
  return html`<p>
    Version ${version} has not learned ${unlearned.join(', ')}: it takes such windows for others,
    and each counts as a mistake.
  </p>`;
}

function matrixOf({ version, evaluation }: VersionEvaluation, when: string): Html {
  const { classes } = evaluation;
  const numbers = classes.map(
    (name, i) => html`<th scope="col" title="${name}"><abbr title="${name}">${i + 1}</abbr></th>`,
  );
  const rows = classes.map((truth, i) => {
    const counts = evaluation.confusion[i] ?? [];
    const cells = classes.map((answer, j) => cellOf(truth, answer, counts[j] ?? 0, sum(counts)));
    return html`<tr>
      <th scope="row"><span class="index">${i + 1}</span> ${className(truth)}</th>
      ${cells}
    </tr> `;
  });
  return html`<div class="scroll">
    <table class="matrix">
      <caption>
        Version ${version}, ${when}: share of each true class (row) by predicted class (column),
        ${scoredOn(evaluation)}
      </caption>
      <thead>
        <tr>
          <th scope="col">True class</th>
          ${numbers}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

function cellOf(truth: string, answer: string, windows: number, total: number): Html {
  const share = total === 0 ? 0 : windows / total;
  const title = `${count(windows)} of ${counted(total, 'window')} of ${truth} predicted as ${answer} (${percent(share)})`;
  const depth = share >= DEEP ? 'deep' : share === 0 ? 'none' : '';
  const kind = truth === answer ? 'right' : '';
  return html`<td
    class="${depth} ${kind}"
    style="--share: ${(share * 100).toFixed(1)}%"
    title="${title}"
  >
    ${shareText(share)}
  </td>`;
}

const shareText = (share: number): string =>
  share === 0 ? '·' : share < 0.005 ? '<.01' : share.toFixed(2).replace(/^0/, '');

const perClassOf = (before: Evaluation, after: Evaluation): Html =>
  renderTable({
    caption: `Precision, recall and F1 of each class, before → after, on the holdout: ${scoredOn(after)}`,
    columns: [
      textual('Class'),
      numeric('Windows'),
      numeric('Precision'),
      numeric('Recall'),
      numeric('F1 before'),
      numeric('F1 after'),
      numeric('Difference'),
    ],
    rows: after.perClass.map((now) => {
      const then = before.perClass.find(({ label }) => label === now.label);
      return [
        className(now.label),
        count(now.support),
        arrow(then?.precision ?? null, now.precision),
        arrow(then?.recall ?? null, now.recall),
        score(then?.f1 ?? null),
        score(now.f1),
        signed(then ? now.f1 - then.f1 : null),
      ];
    }),
  });

const arrow = (before: number | null, after: number): string =>
  `${score(before)} → ${score(after)}`;
