/** With many people the page stays one that is read: the worst off in the figure, all of them behind a line. */
import { renderReport } from '../../../report/render-report';
import { evaluationOf } from './fake-run';
import { sectionOf, tableOf, textOf, unbalancedTags } from './page';
import { sampleReport } from './report-fixture';

const people = Array.from({ length: 40 }, (_, index) => `person-${index}`);

function pageOf(names: string[]): string {
  const data = sampleReport();
  const score = (champion: number) => (subject: string) => ({ subject, champion, challenger: 0.9 });
  return renderReport({
    ...data,
    before: {
      version: '1',
      evaluation: evaluationOf({ seed: 1, skill: 2.4, boldness: 1.35, people: names }),
    },
    after: {
      version: '2',
      evaluation: evaluationOf({ seed: 2, skill: 3.3, boldness: 1, people: names }),
    },
    retrains: data.retrains.map((each) => ({ ...each, bySubject: names.map(score(0.8)) })),
  });
}

const drawn = (section: string) =>
  (section.match(/>P\d+<\/text>/g) ?? []).map((text) => text.slice(1));

test('the figure shows the thirty who are worst off, and the table has all', () => {
  const page = pageOf(people);
  const section = sectionOf(page, 'people');
  expect(drawn(section)).toEqual(Array.from({ length: 30 }, (_, index) => `P${index + 11}</text>`));
  const rows = tableOf(section, 'Scores of each person');
  expect(rows).toHaveLength(40);
  const scores = rows.map((row) => Number(row[6]));
  expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  const numberOf = (sign: string) => rows.filter((row) => row[7]?.startsWith(sign)).length;
  expect(textOf(section)).toContain(
    `${numberOf('+')} got better, ${numberOf('\u2212')} got worse, ${numberOf('0')} stayed the same.`,
  );
  expect(unbalancedTags(page)).toEqual([]);
});

test('tables of many rows are opened when they are asked for, others stand open', () => {
  const summaries = (page: string) =>
    (page.match(/<summary>[\s\S]*?<\/summary>/g) ?? []).map(textOf);
  expect(summaries(pageOf(people))).toEqual([
    'Scores of each person of the holdout, numbered as in the figure: 40 rows',
    'Macro-F1 of each person, champion against version 2: 40 rows',
    'Macro-F1 of each person, champion against version 3: 40 rows',
  ]);
  expect(summaries(pageOf(people.slice(0, 30)))).toEqual([]);
  expect(drawn(sectionOf(pageOf(people.slice(0, 30)), 'people'))).toHaveLength(30);
});
