/** The sections show the figures that they were given, and no others. */
import { decisionFrom } from '../../../report/decision';
import { renderReport } from '../../../report/render-report';
import { CLASSES, evaluationOf, verdictOf } from './fake-run';
import { attributes, sectionOf, tableOf, textOf } from './page';
import { sampleReport } from './report-fixture';

const data = sampleReport();
const page = renderReport(data);
const keyOf = (index: number) => data.after.evaluation.bySubject[index]?.subject ?? '';
const three = (value: number) => value.toFixed(3);

test('shows the scores of each person and of each class as they are in the data', () => {
  const people = tableOf(page, 'Scores of each person');
  for (const now of data.after.evaluation.bySubject) {
    const then = data.before.evaluation.bySubject.find((s) => s.subject === now.subject);
    const row = people.find(([, subject]) => subject === now.subject);
    expect(row?.slice(2, 7)).toEqual([
      String(now.windows),
      three(then?.accuracy ?? NaN),
      three(now.accuracy),
      three(then?.macroF1 ?? NaN),
      three(now.macroF1),
    ]);
  }
  const classes = tableOf(page, 'Precision, recall and F1');
  expect(classes.map(([label]) => label)).toEqual(CLASSES);
  expect(classes.map((row) => row[5])).toEqual(
    data.after.evaluation.perClass.map(({ f1 }) => three(f1)),
  );
});

test('numbers people alike in chart and table, and writes keys whole or not at all', () => {
  const key = 'aaf3bb9c01d24e67';
  const renamed = JSON.parse(JSON.stringify(data).replaceAll(keyOf(0), key)) as typeof data;
  const section = sectionOf(renderReport(renamed), 'people');
  const rows = tableOf(section, 'Scores of each person');
  expect(rows.map(([name]) => name)).toEqual(rows.map((_, index) => `P${index + 1}`));
  const [title] = /Macro-F1 of each person before and after: [^<]*/.exec(section) ?? [];
  for (const [name = '', , , , , then, now] of rows) {
    expect(title).toContain(`${name} ${then} → ${now}`);
    expect(section).toContain(`>${name}</text>`);
  }
  expect(section).toContain(key);
  // In a narrow table it would be broken into pairs of letters.
  expect(section).toContain(`<code class="nowrap">${key}</code>`);
  expect(section.replaceAll(key, '')).not.toContain(key.slice(0, 8));
});

test('says which classes a version has not learned', () => {
  const before = { ...data.before, evaluation: { ...data.before.evaluation, unlearned: ['row'] } };
  const changed = renderReport({ ...data, before });
  expect(textOf(sectionOf(changed, 'classes'))).toContain('Version 1 has not learned row');
  expect(textOf(sectionOf(page, 'classes'))).not.toContain('has not learned');
});

test('says the counts of a confusion matrix where its cells show shares', () => {
  const [row = []] = data.after.evaluation.confusion;
  const total = row.reduce((sum, windows) => sum + windows, 0);
  const [cells = []] = tableOf(page, 'Version 2, after: share');
  expect(cells.slice(1, 2)).toEqual([((row[0] ?? 0) / total).toFixed(2).slice(1)]);
  expect(attributes(sectionOf(page, 'classes'), 'title')).toContain(
    `${row[1]} of ${total} windows of ${CLASSES[0]} predicted as ${CLASSES[1]} (${(((row[1] ?? 0) / total) * 100).toFixed(1)} %)`,
  );
});

test('balances the rows of each table and gives the reasons', () => {
  expect(tableOf(page, 'Rows of each table')).toContainEqual([
    'recordings_trusted',
    '244,102',
    '33',
    '0',
    '244,069',
    '244,069',
  ]);
  expect(tableOf(page, 'Why rows were set aside')).toEqual([
    ['recordings_trusted', 'set aside', 'value-out-of-range', '21'],
    ['recordings_trusted', 'set aside', 'time-goes-back', '12'],
    ['windows', 'left out', 'beside-a-gap', '1,204'],
  ]);
});

test('never adds the windows of a table to the samples that are in none', () => {
  const rows = tableOf(page, 'Rows of each table');
  // Read, set aside, left out and used are samples; published are windows.
  expect(rows.find(([table]) => table === 'windows')).toEqual([
    ...['windows', '244,069', '0', '1,204', '242,865', '2,283'],
  ]);
});

test('says of labels what they are for: those to learn from may be of windows that it was sure of', () => {
  const rows = tableOf(sectionOf(page, 'labels'), 'Label tasks');
  expect(rows.slice(0, 2)).toEqual([
    ['Answered: to learn from', '160', '78.8 %'],
    ['Answered: random audit, to judge by', '40', '19.7 %'],
  ]);
  expect(textOf(page)).toContain('160 to learn from, 40 to judge by');
});

test('tells how many tasks nobody had answered when the campaign closed', () => {
  const labels = { ...data.labels, unanswered: 7 };
  const section = sectionOf(renderReport({ ...data, labels }), 'labels');
  expect(textOf(section)).toContain('Label tasks, 210 in all');
  expect(tableOf(section, 'Label tasks')).toContainEqual(['Not answered', '7', '3.3 %']);
  expect(textOf(sectionOf(page, 'labels'))).not.toContain('Not answered');
});

test('counts every prediction, by version and by class', () => {
  const total = data.predictions.reduce((sum, { windows }) => sum + windows, 0);
  for (const caption of ['Predictions by version', 'Predictions by class']) {
    const rows = tableOf(page, caption);
    expect(rows.reduce((sum, row) => sum + Number(row[1]?.replace(',', '')), 0)).toBe(total);
  }
  const [first] = data.predictions;
  expect(sectionOf(page, 'predictions')).toContain(
    `<title>${first?.label}: ${first?.windows} windows from 0:00:00</title>`,
  );
});

test('shows each check of the gate with its value, its limit and its result', () => {
  const checks = tableOf(page, 'Checks of version 3');
  expect(checks).toContainEqual(['p-value of the sign-flip test', '1', '≤ 0.05', '✗ failed']);
  expect(checks).toContainEqual(['Same feature schema', '–', '–', '✓ passed']);
  expect(textOf(sectionOf(page, 'gate'))).toContain('trained on deliberately shuffled labels');
});

test('shows no p-value of zero among the checks, however many people were compared', () => {
  const evaluation = evaluationOf({ seed: 1, skill: 2, boldness: 1 });
  const verdict = { ...verdictOf(evaluation, evaluation), pValue: 2 ** -30 };
  const retrains = [decisionFrom({ version: '2', verdict })];
  const checks = tableOf(renderReport({ ...data, retrains }), 'Checks of version 2');
  const [row] = checks.filter(([name]) => name === 'p-value of the sign-flip test');
  expect(row?.slice(1)).toEqual(['< 0.001', '≤ 0.05', '✓ passed']);
});

test('says of every score on whose windows it is, and how far people lie apart', () => {
  const { evaluation } = data.after;
  const basis = `${evaluation.windows.toLocaleString('en-GB')} windows of six people`;
  const opening = textOf(page.slice(0, page.indexOf('<nav')));
  expect(opening).toContain(`of version 2 on the holdout: ${basis} whom it has not learned from`);
  expect(opening).toContain('Differences are from version 1, on the same windows.');
  for (const id of ['learning-curve', 'classes', 'calibration'])
    expect(textOf(sectionOf(page, id))).toContain(basis);
  const scores = evaluation.bySubject.map(({ macroF1 }) => macroF1);
  const after = `from ${three(Math.min(...scores))} to ${three(Math.max(...scores))} after`;
  expect(textOf(sectionOf(page, 'people'))).toContain(after);
  expect(textOf(sectionOf(page, 'gate'))).toContain('one-sided sign-flip test over 6 people');
  expect(textOf(sectionOf(page, 'predictions'))).toContain('windows that begin within 10 s');
});

test('claims nothing of who labelled, nor that a score by which was chosen is unbiased', () => {
  expect(tableOf(page, 'Versions and what they learned from')).toHaveLength(3);
  expect(textOf(page)).not.toContain('Labels by people');
  expect(textOf(page)).toContain('the score of a promoted one is a little flattered');
});

test('links the workflows', () => {
  expect(page).toContain(
    '<a href="http://127.0.0.1:8233/namespaces/watchlake/workflows/loop%2Fdemo">The loop</a>',
  );
});

test('tells champions from the versions that were not promoted', () => {
  const versions = tableOf(page, 'Versions and what they learned from');
  expect(versions.map(([version, standing]) => [version, standing])).toEqual([
    ['1', 'first champion'],
    ['2', 'promoted'],
    ['3', 'negative control'],
  ]);
  // A trial of the gate is no learning: it must not bend the curve.
  expect(sectionOf(page, 'learning-curve')).not.toContain('Version 3:');
});

test('shows a skipped retrain and a person who got worse', () => {
  const turned = renderReport({
    ...data,
    before: data.after,
    after: data.before,
    retrains: [
      {
        version: null,
        outcome: 'skipped',
        reason: 'lease-held',
        explanation: 'Another retrain runs: retrain/exercises',
        pValue: null,
        meanDifference: null,
        bySubject: [],
        checks: [],
      },
    ],
  });
  expect(textOf(turned)).toContain('A retrain was skipped (another retrain runs');
  expect(textOf(sectionOf(turned, 'gate'))).toContain('No check was made.');
  expect(sectionOf(turned, 'people')).toContain('stroke="var(--bad)"');
  expect(sectionOf(page, 'people')).not.toContain('stroke="var(--bad)"');
});

test('calls nothing better or worse of which the figures show no difference', () => {
  const { evaluation } = data.before;
  const { macroF1, calibrationError, bySubject } = evaluation;
  const hardly = {
    ...evaluation,
    ...{ macroF1: macroF1 + 0.0002, calibrationError: calibrationError + 0.0002 },
    bySubject: bySubject.map((each) => ({ ...each, macroF1: each.macroF1 - 0.0002 })),
  };
  const same = renderReport({ ...data, after: { ...data.after, evaluation: hardly } });
  expect(textOf(same.slice(0, same.indexOf('<nav')))).toContain('0.000 from');
  expect(same).not.toMatch(/class="trend">/);
  expect(sectionOf(same, 'people')).not.toContain('stroke="var(--bad)"');
  expect(page).toMatch(/class="trend">better/);
});

test('says in words that no version has been scored, and leaves the score sections out', () => {
  const page = renderReport({ ...sampleReport(), before: null, after: null, learningCurve: [] });
  expect(page).toContain('No version has been scored on people whom it had not seen.');
  expect(page).not.toContain('id="calibration"');
});

test.each([
  [undefined, 'Answers come from people, or from the recordings’ own labels'],
  [0, 'People have answered.'],
  [200, 'The recordings’ own labels have answered, in place of people'],
  [196, 'answered 196 of 200, in place of people'],
])('says of labels of which the recordings gave %p who has answered', (byOracle, said) => {
  const labels = { ...data.labels, byOracle };
  expect(textOf(sectionOf(renderReport({ ...data, labels }), 'labels'))).toContain(said);
});
