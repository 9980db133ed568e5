/** The report in a real browser: its figures stay in sight with long names, on a phone and on paper. */
import type { Browser } from 'playwright-core';
import { renderReport } from '../../report/render-report';
import type { ReportData, ScoredReport } from '../../report/report-data';
import { findChromium, startBrowser } from '../support/browser';
import { withBrowser } from '../support/label-pages';
import { sampleReport } from '../unit/report/report-fixture';

jest.setTimeout(120_000);

const LONG = 'Cooking_the_evening_meal_while_watching_television_and_telephoning';

function withLongNames(): ReportData {
  const name = 'recordings_of_the_movement_laboratory_at_the_university_hospital';
  const text = JSON.stringify({ ...sampleReport(), dataset: name, model: name, title: name });
  return JSON.parse(text.replaceAll('forward-elevation', LONG)) as ReportData;
}

/** What lies beyond the page's right edge, but for what a reader can scroll to. */
const beyond = (scrolls: string) => `[...document.querySelectorAll('body *')]
  .filter((node) => !node.closest('.skip') && !node.matches('${scrolls}'))
  .filter((node) => node.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((node) => node.tagName + ' ' + node.textContent.trim().slice(0, 40))`;

const MEETING_TEXTS = `(() => {
  const boxes = [...document.querySelectorAll('#people-plot svg text')]
    .filter((node) => node.textContent.trim() !== '')
    .map((node) => [node.textContent, node.getBoundingClientRect()]);
  const meet = (a, b) =>
    a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom;
  return boxes
    .filter(([, box]) => boxes.some(([, other]) => other !== box && meet(box, other)))
    .map(([text]) => text);
})()`;

const HIDDEN_FIGURES = `[...document.querySelectorAll('.scroll')]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
  .map((node) => node.textContent.trim().slice(0, 60))`;

const LEFTS_OF_LINKS = `[...document.querySelectorAll('.links li')]
  .map((item) => item.getBoundingClientRect().left)`;

withBrowser('the report', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser(findChromium() as string);
  });
  afterAll(() => browser?.close());

  async function open(width: number) {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    await page.setContent(renderReport(withLongNames()));
    return page;
  }

  test('shows every figure at once on a screen', async () => {
    const page = await open(1280);
    expect(await page.evaluate(HIDDEN_FIGURES)).toEqual([]);
    expect(await page.evaluate(beyond('.none'))).toEqual([]);
  });

  test('writes no difference upon a name, though a person fell to the end of the axis', async () => {
    const data = withLongNames() as ScoredReport;
    data.before.evaluation.bySubject.forEach((person) => Object.assign(person, { macroF1: 0.3 }));
    data.after.evaluation.bySubject.forEach((person, at) =>
      Object.assign(person, { macroF1: 0.07 * at }),
    );
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.setContent(renderReport(data));
    expect(await page.evaluate(MEETING_TEXTS)).toEqual([]);
    expect(await page.locator('#people-plot text', { hasText: '−0.300' }).count()).toBe(1);
  });

  test('is no wider than a phone', async () => {
    const page = await open(375);
    expect(await page.evaluate(beyond('.scroll, .scroll *'))).toEqual([]);
  });

  test('loses nothing at the edge of a sheet, and writes no address upon another', async () => {
    const page = await open(718); // A4 between the margins that browsers leave.
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate(beyond('.none'))).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(718);
    const lefts = await page.evaluate(LEFTS_OF_LINKS);
    expect(new Set(lefts as number[]).size).toBe(1);
  });
});
