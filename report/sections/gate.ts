/** Shows each decision of the promotion gate with every figure that it rests on. */
import { count, counted, figure, pValue, score, signed } from '../format';
import { html, type Html } from '../html';
import { empty, numeric, renderTable, textual, type Section } from '../parts';
import type { GateCheck, ReportData, RetrainDecision } from '../report-data';

const OUTCOMES = {
  promote: { text: 'promoted', mood: 'good' },
  reject: { text: 'rejected', mood: 'bad' },
  'need-more-labels': { text: 'needs more labels', mood: 'open' },
  skipped: { text: 'skipped', mood: 'open' },
} as const satisfies Record<RetrainDecision['outcome'], { text: string; mood: string }>;

export function gateSection({ retrains }: ReportData): Section {
  const content =
    retrains.length === 0
      ? empty('No retrain has been decided yet, so the gate has no figures to show.')
      : html`<p>
            Champion and challenger score the same frozen holdout, window for window. The challenger
            is promoted when every check passes.
          </p>
          ${retrains.map(decisionOf)}`;
  return { id: 'gate', title: 'The promotion gate', content };
}

const CONTROL_NOTE = html`<p class="note">
  A trial of the gate: this challenger was trained on deliberately shuffled labels, and must not
  pass.
</p>`;

const HOLDOUT_NOTE = html`<p class="note">
  This holdout has decided often. Draw a new one: every further decision tells the models more about
  it.
</p>`;

function neededOf({ needed = [] }: RetrainDecision): Html | null {
  if (needed.length === 0) return null;
  const list = needed.map((entry) => `${count(entry.count)} of ${entry.label}`).join(', ');
  return html`<p class="note">Labels wanted: ${list}.</p>`;
}

function decisionOf(retrain: RetrainDecision, index: number): Html {
  const people = retrain.bySubject.length;
  const over = people === 0 ? 'people' : counted(people, 'person', 'people');
  const { text, mood } = OUTCOMES[retrain.outcome];
  const name = retrain.version === null ? `Retrain ${index + 1}` : `Version ${retrain.version}`;
  return html`<article class="decision">
    <h3>${name} <span class="badge ${mood}">${text}</span></h3>
    ${retrain.negativeControl ? CONTROL_NOTE : null}${neededOf(retrain)}${retrain.newHoldoutAdvised ? HOLDOUT_NOTE : null}
    <p>${retrain.explanation}</p>
    <dl class="facts">
      <div>
        <dt>Reason</dt>
        <dd><code>${retrain.reason}</code></dd>
      </div>
      <div>
        <dt>p-value of the one-sided sign-flip test over ${over}</dt>
        <dd>${pValue(retrain.pValue)}</dd>
      </div>
      <div>
        <dt>Difference of macro-F1, mean over ${over}</dt>
        <dd>${signed(retrain.meanDifference)}</dd>
      </div>
    </dl>
    <div class="pair uneven">${checksOf(retrain, name)}${peopleOf(retrain, name)}</div>
  </article> `;
}

const BOUNDS = { 'at least': '≥', 'at most': '≤', 'more than': '>' } as const;

const limitOf = ({ limit, bound }: GateCheck): string =>
  `${bound ? `${BOUNDS[bound]} ` : ''}${figure(limit)}`;

/** No p-value is zero: that of thirty people has more places than a figure shows. */
const valueOf = ({ value, isPValue = false }: GateCheck): string =>
  isPValue && value !== null && value < 0.001 ? pValue(value) : figure(value);

function checksOf({ checks }: RetrainDecision, name: string): Html {
  if (checks.length === 0) return empty('No check was made.');
  return renderTable({
    caption: `Checks of ${lower(name)}`,
    columns: [textual('Check'), numeric('Value'), numeric('Limit'), textual('Result')],
    rows: checks.map((check) => [
      check.name,
      valueOf(check),
      limitOf(check),
      check.passed
        ? html`<span class="passed">✓ passed</span>`
        : html`<span class="failed">✗ failed</span>`,
    ]),
  });
}

function peopleOf({ bySubject }: RetrainDecision, name: string): Html {
  if (bySubject.length === 0) return empty('No person was compared.');
  return renderTable({
    caption: `Macro-F1 of each person, champion against ${lower(name)}`,
    columns: [textual('Person'), numeric('Champion'), numeric('Challenger'), numeric('Difference')],
    rows: bySubject.map(({ subject, champion, challenger }) => [
      html`<code>${subject}</code>`,
      score(champion),
      score(challenger),
      signed(challenger - champion),
    ]),
  });
}

const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
