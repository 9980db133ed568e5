/** Opens the report: the result in a sentence or two, and the key figures as tiles. */
import {
  count,
  counted,
  duration,
  inWords,
  rangeOf,
  score,
  scoredOn,
  shown,
  signed,
} from '../format';
import { html, type Html } from '../html';
import { sum } from '../parts';
import { isScored, type ReportData, type RetrainDecision, type ScoredReport } from '../report-data';

export function renderSummary(data: ReportData): Html {
  const { title, dataset, model, generatedAt, codeVersion, seconds } = data;
  return html`<header>
      <p class="overline">Watchlake report</p>
      <h1>${title}</h1>
      <p class="result">${resultOf(data)}</p>
      <dl class="facts">
        <div>
          <dt>Dataset</dt>
          <dd>${dataset}</dd>
        </div>
        <div>
          <dt>Model</dt>
          <dd>${model}</dd>
        </div>
        <div>
          <dt>Made</dt>
          <dd><time datetime="${generatedAt}">${readable(generatedAt)}</time></dd>
        </div>
        <div>
          <dt>Code version</dt>
          <dd>${codeVersion}</dd>
        </div>
        <div>
          <dt>Time taken</dt>
          <dd>${duration(seconds)}</dd>
        </div>
      </dl>
    </header>
    ${isScored(data) ? basisOf(data) : null}
    <ul class="tiles" aria-label="Key figures">
      ${tilesOf(data)}
    </ul>`;
}

/** What the tiles are figures of. */
function basisOf({ before, after }: ScoredReport): Html {
  const { version, evaluation } = after;
  const isSame = before.evaluation.windows === evaluation.windows;
  const on = isSame ? 'the same windows' : scoredOn(before.evaluation);
  const compared =
    before.version === version ? '' : ` Differences are from version ${before.version}, on ${on}.`;
  return html`<p class="note">
    Scores are shares of one, of version ${version} on the holdout: ${scoredOn(evaluation)} whom it
    has not learned from.${compared}
  </p>`;
}

const readable = (iso: string): string => `${iso.replace('T', ' ').slice(0, 16)} UTC`;

/** The whole story in a few sentences. */
function resultOf(data: ReportData): string {
  if (data.retrains.length === 0) return `${championOf(data)} No retrain has been decided yet.`;
  const controls = data.retrains.filter((retrain) => retrain.negativeControl);
  const others = data.retrains.filter((r) => !r.negativeControl && r.outcome !== 'promote');
  return [championOf(data), ...others.map(decisionOf), ...controls.map(decisionOf)].join(' ');
}

function championOf(data: ReportData): string {
  if (!isScored(data)) return 'No version has been scored on people whom it had not seen.';
  const { before, after } = data;
  const people = after.evaluation.bySubject.length;
  const on = `on ${inWords(people)} unseen ${people === 1 ? 'person' : 'people'}`;
  const last = score(after.evaluation.macroF1);
  const single = rangeOf(after.evaluation.bySubject.map(({ macroF1 }) => macroF1));
  const spread = people > 1 ? ` From person to person it runs ${single}.` : '';
  if (before.version === after.version) {
    return `The champion is still version ${after.version}, with macro-F1 ${last} ${on}.${spread}`;
  }
  const first = score(before.evaluation.macroF1);
  return `The champion went from macro-F1 ${first} to ${last} ${on}, all their windows together.${spread}`;
}

const OUTCOMES = {
  promote: 'was promoted',
  reject: 'was rejected',
  'need-more-labels': 'needs more labels',
  skipped: 'was skipped',
} as const satisfies Record<RetrainDecision['outcome'], string>;

/** Fits a sentence into brackets; a name that begins with two capitals keeps them. */
const asClause = (sentence: string): string =>
  sentence.replace(/[.\s]*$/, '').replace(/^\p{Lu}(?=\p{Ll})/u, (letter) => letter.toLowerCase());

function decisionOf({ version, outcome, explanation, negativeControl }: RetrainDecision): string {
  const named = version === null ? 'A retrain' : `Challenger ${version}`;
  const who = negativeControl ? 'The challenger trained on shuffled labels' : named;
  return `${who} ${OUTCOMES[outcome]} (${asClause(explanation)}).`;
}

interface Tile {
  label: string;
  value: string;
  note: string;
  trend?: 'better' | 'worse';
}

function scoresOf(data: ScoredReport): Tile[] {
  const before = data.before.evaluation;
  const after = data.after.evaluation;
  return [
    compared('Macro-F1, all windows', before.macroF1, after.macroF1),
    compared('Accuracy, all windows', before.accuracy, after.accuracy),
    compared(
      'Lowest accuracy of a person',
      before.worstSubject.accuracy,
      after.worstSubject.accuracy,
    ),
    compared('Calibration error', before.calibrationError, after.calibrationError, true),
  ];
}

function tilesOf(data: ReportData): Html[] {
  const { labels, predictions, tables } = data;
  const quarantined = Object.values(tables).map((t) => sum(Object.values(t.quarantined)));
  const tiles: Tile[] = [
    ...(isScored(data) ? scoresOf(data) : []),
    {
      label: 'Windows predicted',
      value: count(sum(predictions.map(({ windows }) => windows))),
      note: `on the stream, by ${counted(new Set(predictions.map((p) => p.version)).size, 'version')}`,
    },
    {
      label: 'Labels',
      value: count(labels.uncertain + labels.audit),
      note: `${count(labels.uncertain)} to learn from, ${count(labels.audit)} to judge by`,
    },
    {
      label: 'Rows set aside',
      value: count(sum(quarantined)),
      note: `in ${counted(Object.keys(tables).length, 'table')}`,
    },
    {
      label: 'Retrains',
      value: count(data.retrains.length),
      note: `${count(data.retrains.filter((r) => r.outcome === 'promote').length)} promoted`,
    },
  ];
  return tiles.map(renderTile);
}

function compared(label: string, before: number, after: number, lessIsBetter = false): Tile {
  const gain = shown(lessIsBetter ? before - after : after - before);
  const trend = gain === 0 ? undefined : gain > 0 ? 'better' : 'worse';
  return {
    label,
    value: score(after),
    note: `${signed(after - before)} from ${score(before)}`,
    trend,
  };
}

const renderTile = ({ label, value, note, trend }: Tile): Html =>
  html`<li>
    <span class="tile-label">${label}</span>
    <strong class="tile-value">${value}</strong>
    <span class="tile-note ${trend}"
      >${note}${trend && html` <span class="trend">${trend}</span>`}</span
    >
  </li> `;
