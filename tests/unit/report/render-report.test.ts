/** The whole page: one file that stands alone, is well formed, and lets nothing hostile through. */
import { renderReport } from '../../../report/render-report';
import { attributes, captionOf, tableOf, textOf, unbalancedTags } from './page';
import { emptyReport, sampleReport } from './report-fixture';

const data = sampleReport();
const page = renderReport(data);

test('is one well-formed document with unique ids that all references meet', () => {
  expect(page).toMatch(/^<!doctype html>\s*<html lang="en">/);
  expect(unbalancedTags(page)).toEqual([]);
  const ids = attributes(page, 'id');
  expect(ids.length).toBe(new Set(ids).size);
  const references = [
    ...attributes(page, 'aria-labelledby'),
    ...attributes(page, 'href').flatMap((href) => (href.startsWith('#') ? [href.slice(1)] : [])),
    ...[...page.matchAll(/url\(#([^)]*)\)/g)].map(([, id]) => id ?? ''),
  ];
  expect(references.filter((id) => !ids.includes(id))).toEqual([]);
});

test('loads nothing: no script, no address but those of links', () => {
  expect(page).not.toMatch(/<(script|link|img|iframe|object|embed|image|use)\b/i);
  expect(page).not.toMatch(/@import|url\((?!#)|\ssrc=|\son\w+=/i);
  const outside = page.replaceAll(/<a href="[^"]*">/g, '');
  expect(outside).not.toMatch(/https?:\/\//);
  expect(attributes(page, 'content').join()).toContain("default-src 'none'");
});

test('is the same text for the same data, however often it is rendered', () => {
  expect(renderReport(sampleReport())).toBe(page);
});

test('names every table by a caption and every plot by a title', () => {
  const tables = page.match(/<table[\s\S]*?<\/table>/g) ?? [];
  expect(tables.length).toBeGreaterThan(10);
  expect(tables.filter((table) => textOf(captionOf(table)) === '')).toEqual([]);
  const plots = page.match(/<svg [\s\S]*?<\/svg>/g) ?? [];
  expect(plots.length).toBe(5);
  for (const plot of plots) expect(plot).toMatch(/^<svg role="img" aria-labelledby="[^"]+"/);
});

test('escapes hostile labels, wherever they stand', () => {
  const hostile = `<img src=x onerror="alert('1')">&`;
  const evil = sampleReport();
  const renamed = JSON.parse(
    JSON.stringify(evil).replaceAll('"pendulum"', JSON.stringify(hostile)),
  ) as typeof evil;
  const text = renderReport({
    ...renamed,
    title: hostile,
    dataset: hostile,
    stages: { [hostile]: 1 },
    tables: { [hostile]: { rows: 1, quarantined: { [hostile]: 2 }, dropped: {} } },
    links: [
      { label: hostile, url: 'javascript:alert(1)' },
      { label: 'quote', url: 'http://127.0.0.1/"onmouseover="alert(1)' },
    ],
  });
  expect(text).not.toContain('<img');
  expect(text).not.toContain('href="javascript:');
  expect(text).not.toContain('"onmouseover="');
  expect(unbalancedTags(text)).toEqual([]);
  expect(tableOf(text, 'Rows of each table')[0]?.[0]).toBe(hostile);
});

test('opens with the result in words', () => {
  const opening = textOf(page.slice(page.indexOf('<header>'), page.indexOf('</header>')));
  const first = data.before.evaluation.macroF1.toFixed(3);
  const last = data.after.evaluation.macroF1.toFixed(3);
  expect(opening).toContain(
    `The champion went from macro-F1 ${first} to ${last} on six unseen people, all their windows together.`,
  );
  const single = data.after.evaluation.bySubject.map(({ macroF1 }) => macroF1);
  const [low, high] = [Math.min(...single), Math.max(...single)].map((each) => each.toFixed(3));
  expect(opening).toContain(`From person to person it runs from ${low} to ${high}.`);
  expect(opening).toContain('The challenger trained on shuffled labels was rejected (not proved');
});

test('says in words what is empty', () => {
  const bare = renderReport(emptyReport());
  expect(unbalancedTags(bare)).toEqual([]);
  const words = textOf(bare);
  for (const sentence of [
    'The champion is still version 1',
    'No retrain has been decided yet.',
    'No version has been trained yet.',
    'Nothing was quarantined: every row passed its checks.',
    'Nothing has been predicted yet.',
    'Nobody has been asked for a label yet.',
    'No stage has been timed.',
    'No workflow is linked.',
  ]) {
    expect(words).toContain(sentence);
  }
  expect(words).not.toMatch(/NaN|undefined|Infinity|null/);
});
