/** The label page stays with what a person did last: a new name, a later answer, the place of the focus. */
import type { Page, Route } from 'playwright-core';
import { doneIs, holdLease, LabelPages, withBrowser } from '../support/label-pages';

jest.setTimeout(180_000);

const focused = (page: Page) => page.evaluate('document.activeElement.textContent.trim()');

withBrowser('the label page', () => {
  const pages = new LabelPages();

  test('keeps a new name over a reload, though its address named somebody else', async () => {
    const { campaign, dataset } = await pages.newCampaign(1);
    const page = await pages.openLabel(campaign, 'anna');
    await page.locator('#plot svg').waitFor();
    const name = page.getByRole('button', { name: 'Labelling as anna' });
    await name.click();
    await name.click();
    await page.getByLabel('Your name or initials').fill('ben');
    await page.keyboard.press('Enter');
    await page.locator('#plot svg').waitFor(); // It is not kept for anna.
    await page.reload();
    await page.getByRole('button', { name: 'Labelling as ben' }).waitFor();
    await page.locator('#plot svg').waitFor();
    await page.keyboard.press('1');
    await page.locator('#last', { hasText: 'Kept: Rest' }).waitFor({ state: 'attached' });
    expect((await pages.labelsOf(dataset)).map(({ annotator }) => annotator)).toEqual(['ben']);
  });

  test('goes on where the browser may keep nothing', async () => {
    const { campaign, dataset } = await pages.newCampaign(2);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 2 done');
    // As with cookies blocked.
    await page.addInitScript(`for (const area of ['localStorage', 'sessionStorage'])
      Object.defineProperty(window, area, { get() { throw new DOMException('no', 'SecurityError'); } });`);
    const address = new URL(page.url());
    address.searchParams.delete('annotator');
    await page.goto(address.href);
    await page.getByLabel('Your name or initials').fill('cy');
    await page.keyboard.press('Enter');
    await page.locator('#plot svg').waitFor();
    await page.keyboard.press('1');
    await page.locator('#last', { hasText: 'Kept: Rest' }).waitFor({ state: 'attached' });
    expect((await pages.labelsOf(dataset)).map(({ annotator }) => annotator)).toEqual(['cy']);
  });

  test('shows no task that the server gave before the last answer, however late it arrives', async () => {
    const { campaign, dataset } = await pages.newCampaign(3);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 3 done');
    await page.route('**/answer', (route) => route.abort(), { times: 1 });
    const asked = page.waitForRequest('**/lease');
    const arrive = await holdLease(page);
    await page.keyboard.press('1');
    await page.locator('#problem', { hasText: 'does not answer' }).waitFor();
    await asked; // It tries again by itself, and meanwhile the answer gets through.
    await page.keyboard.press('2');
    await doneIs(page, '1 of 3');
    const shown = await page.locator('#facts').textContent();
    const arrived = page.waitForResponse(/tasks\/lease/);
    arrive();
    await (await arrived).finished();
    await page.waitForTimeout(200);
    expect(await page.locator('#facts').textContent()).toBe(shown);
    await page.keyboard.press('3');
    await doneIs(page, '2 of 3');
    const labels = (await pages.labelsOf(dataset)).map(({ label }) => label);
    expect(labels).toEqual(['walk', 'forward-elevation']);
  });

  test('says after an outage whether an answer has arrived, by the window that comes', async () => {
    const { campaign, dataset } = await pages.newCampaign(3);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 3 done');
    const problem = page.locator('#problem');
    await page.route('**/answer', (route) => route.abort(), { times: 1 });
    await page.keyboard.press('1');
    await problem.filter({ hasText: 'has not arrived: answer this window again' }).waitFor();
    await page.keyboard.press('2');
    await doneIs(page, '1 of 3');
    expect(await problem.isVisible()).toBe(false);
    // Kept, though the page has not heard of it.
    const lost = async (route: Route) => {
      await route.fetch();
      await route.abort();
    };
    await page.route('**/answer', lost, { times: 1 });
    await page.keyboard.press('3');
    await doneIs(page, '2 of 3');
    expect(await problem.isVisible()).toBe(false);
    const labels = (await pages.labelsOf(dataset)).map(({ label }) => label);
    expect(labels).toEqual(['walk', 'forward-elevation']);
  });

  test('does not wait for ever for a server that hangs', async () => {
    const { campaign, dataset } = await pages.newCampaign(2);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 2 done');
    await page.route('**/answer', () => {}, { times: 1 });
    await page.keyboard.press('1');
    await page.locator('#problem', { hasText: 'has not arrived' }).waitFor({ timeout: 40_000 });
    await page.keyboard.press('2');
    await doneIs(page, '1 of 2');
    expect((await pages.labelsOf(dataset)).map(({ label }) => label)).toEqual(['walk']);
  });

  test('takes an answer that was cut off for an outage', async () => {
    const { campaign } = await pages.newCampaign(1);
    const page = await pages.open('/');
    const cut = (route: Route) => route.fulfill({ body: '{"tasks":[{' });
    await page.route('**/lease', cut, { times: 1 });
    await page.goto(new URL(`/label?campaign=${campaign}&annotator=anna`, page.url()).href);
    await page.locator('#problem', { hasText: 'this page tries again' }).waitFor();
    await doneIs(page, '0 of 1 done');
  });

  test('goes on asking for the name when a task arrives late', async () => {
    const { campaign } = await pages.newCampaign(1);
    const page = await pages.open('/');
    let arrive = () => {};
    const late = new Promise<void>((resolve) => (arrive = resolve));
    await page.route('**/lease', async (route) => {
      const response = await route.fetch();
      await late;
      await route.fulfill({ response });
    });
    await page.goto(new URL(`/label?campaign=${campaign}&annotator=anna`, page.url()).href);
    await page.getByRole('button', { name: 'Labelling as anna' }).click();
    const arrived = page.waitForResponse(/tasks\/lease/);
    arrive();
    await (await arrived).finished();
    await page.waitForTimeout(200);
    expect(await page.getByLabel('Your name or initials').isVisible()).toBe(true);
  });

  test('leads the focus of a button that goes away to what comes instead', async () => {
    const { campaign } = await pages.newCampaign(2);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 2 done');
    await page.keyboard.press('1');
    await doneIs(page, '1 of 2');
    expect(await page.evaluate('document.activeElement === document.body')).toBe(true);
    await page.getByRole('button', { name: 'Undo' }).focus();
    await page.keyboard.press('Enter');
    await doneIs(page, '0 of 2');
    expect(await focused(page)).toBe('Which activity is this?');
    for (const done of ['1 of 2', '2 of 2']) {
      await page.getByRole('button', { name: /^Walk/ }).focus();
      await page.keyboard.press('Enter');
      await doneIs(page, done);
    }
    expect(await focused(page)).toBe('All done');
  });

  test('leads home from a campaign that there is not', async () => {
    const page = await pages.openLabel('mistyped');
    await page.getByRole('heading', { name: 'There is no such campaign' }).waitFor();
    await page.getByRole('link', { name: 'Home', exact: true }).click();
    await page.getByRole('heading', { name: 'Label campaigns' }).waitFor();
  });
});
