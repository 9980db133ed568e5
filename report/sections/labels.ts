/** Says how many windows people were asked about, and what they answered. */
import { count, percent } from '../format';
import { html } from '../html';
import { empty, numeric, renderTable, textual, type Section } from '../parts';
import type { ReportData } from '../report-data';

/** Answers of the recordings flatter: people see less than a label says, and err. */
function whoAnswered({ uncertain, audit, byOracle }: ReportData['labels']): string {
  const answered = uncertain + audit;
  if (byOracle === undefined)
    return 'Answers come from people, or from the recordings’ own labels where these stand in for people, as in the demo.';
  if (byOracle === 0) return 'People have answered.';
  const inPlace = 'in place of people, who may err where these do not.';
  if (byOracle >= answered) return `The recordings’ own labels have answered, ${inPlace}`;
  return `The recordings’ own labels have answered ${count(byOracle)} of ${count(answered)}, ${inPlace} People have answered the others.`;
}

export function labelsSection({ labels }: ReportData): Section {
  const { unanswered = 0 } = labels;
  const asked = labels.uncertain + labels.audit + labels.skipped + unanswered;
  const kinds: [string, number][] = [
    ['Answered: to learn from', labels.uncertain],
    ['Answered: random audit, to judge by', labels.audit],
    ['Skipped by the annotator', labels.skipped],
    ...(unanswered > 0 ? [['Not answered', unanswered] satisfies [string, number]] : []),
  ];
  const content =
    asked === 0
      ? empty('Nobody has been asked for a label yet.')
      : html`<p>${whoAnswered(labels)}</p>
          ${renderTable({
            caption: `Label tasks, ${count(asked)} in all`,
            columns: [textual('Task'), numeric('Tasks'), numeric('Share')],
            rows: kinds.map(([kind, tasks]) => [kind, count(tasks), percent(tasks / asked)]),
          })}`;
  return { id: 'labels', title: 'Labels', content };
}
