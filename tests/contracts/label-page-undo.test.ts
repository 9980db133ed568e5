/** The label page gives the last answer back, as long as the server would, and offers it no longer. */
import { createAppServer } from '../../annotation/server';
import { doneIs, LabelPages, withBrowser } from '../support/label-pages';

jest.setTimeout(180_000);

withBrowser('the label page', () => {
  const pages = new LabelPages();

  test('gives the last answer back: by U, by its button, and when no task is left', async () => {
    const { campaign, dataset } = await pages.newCampaign(2);
    const page = await pages.openLabel(campaign);
    const facts = page.locator('#facts');
    const undo = page.getByRole('button', { name: 'Undo' });
    await doneIs(page, '0 of 2 done');
    const first = await facts.textContent();
    await page.keyboard.press('u'); // Nothing was answered: nothing happens.
    await page.keyboard.press('1');
    await doneIs(page, '1 of 2');
    expect(await facts.textContent()).not.toBe(first);
    await page.keyboard.press('u');
    await doneIs(page, '0 of 2');
    expect(await facts.textContent()).toBe(first);
    expect(await undo.isVisible()).toBe(false);
    await page.keyboard.press('2');
    await doneIs(page, '1 of 2');
    await undo.click();
    await doneIs(page, '0 of 2');
    await page.keyboard.press('3');
    await doneIs(page, '1 of 2');
    await page.keyboard.press('s');
    await page.getByRole('button', { name: 'Undo my last answer' }).click();
    await doneIs(page, '1 of 2');
    await page.keyboard.press('1');
    await page.locator('#notice h1', { hasText: 'All done' }).waitFor();
    const labels = (await pages.labelsOf(dataset)).map(({ label }) => label);
    expect(labels).toEqual(['forward-elevation', 'rest']);
  });

  test('gives the last answer back after a reload as well, and then the one before it', async () => {
    const { campaign, dataset } = await pages.newCampaign(3);
    const page = await pages.openLabel(campaign);
    const facts = page.locator('#facts');
    const last = page.locator('#last');
    await doneIs(page, '0 of 3 done');
    const first = await facts.textContent();
    await page.keyboard.press('2');
    await doneIs(page, '1 of 3');
    const second = await facts.textContent();
    await page.keyboard.press('s');
    await doneIs(page, '2 of 3');
    await page.reload();
    await last.filter({ hasText: 'Kept: skipped' }).waitFor();
    await page.keyboard.press('u');
    await doneIs(page, '1 of 3');
    expect(await facts.textContent()).toBe(second);
    await last.filter({ hasText: 'Taken back: answer again. Kept before it: Walk' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Undo' }).click();
    await doneIs(page, '0 of 3');
    expect(await facts.textContent()).toBe(first);
    expect(await page.getByRole('button', { name: 'Undo' }).isVisible()).toBe(false);
    for (const done of [1, 2, 3]) {
      await page.keyboard.press('1');
      await doneIs(page, `${done} of 3`);
    }
    await page.reload();
    await page.getByRole('button', { name: 'Undo my last answer' }).click();
    await doneIs(page, '2 of 3');
    expect(await pages.labelsOf(dataset)).toHaveLength(2);
  });

  test('offers to undo nothing when the time is over', async () => {
    const hasty = await createAppServer({
      annotation: pages.annotation,
      version: '0',
      leaseSeconds: 2,
    });
    try {
      const { campaign } = await pages.newCampaign(2);
      const page = await pages.openLabel(campaign, 'anna', await hasty.listen(0));
      await doneIs(page, '0 of 2 done');
      await page.keyboard.press('1');
      const undo = page.getByRole('button', { name: 'Undo' });
      await undo.waitFor();
      await undo.waitFor({ state: 'hidden', timeout: 10_000 });
      expect(await page.locator('#last').textContent()).toBe('Kept: Rest');
    } finally {
      await hasty.close();
    }
  });

  test('sees by itself that a campaign has closed while an answer could be taken back', async () => {
    const { campaign } = await pages.newCampaign(2);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 2 done');
    await page.keyboard.press('1');
    await doneIs(page, '1 of 2');
    await page.reload();
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    await pages.annotation.closeCampaign({ campaign });
    await page.locator('#notice h1', { hasText: 'This campaign is closed' }).waitFor();
    expect(await page.getByRole('button', { name: 'Undo' }).count()).toBe(0);
  });

  test('goes on saying that an answer was not kept when another tab had answered', async () => {
    const { campaign, dataset } = await pages.newCampaign(3);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 3 done');
    await page.keyboard.press('2');
    await doneIs(page, '1 of 3');
    const other = await pages.openLabel(campaign);
    await other.getByRole('button', { name: 'Undo' }).waitFor();
    await page.keyboard.press('1');
    await doneIs(page, '2 of 3');
    await other.keyboard.press('2');
    await doneIs(other, '2 of 3');
    // By then it has seen that the last answer is another one than it knew.
    await other.locator('#last', { hasText: 'Kept: Rest' }).waitFor();
    const looks = other.waitForResponse(/answers\/last/);
    expect(await other.locator('#problem').textContent()).toMatch(/Your answer was not kept\.$/);
    await looks;
    expect(await other.locator('#problem').isVisible()).toBe(true);
    await other.keyboard.press('2');
    await other.locator('#notice h1', { hasText: 'All done' }).waitFor();
    expect(await other.locator('#problem').isVisible()).toBe(false);
    const labels = (await pages.labelsOf(dataset)).map(({ label }) => label);
    expect(labels).toEqual(['walk', 'rest', 'walk']);
  });

  test('no longer says that an answer was kept when another tab has taken it back', async () => {
    const { campaign } = await pages.newCampaign(2);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 2 done');
    const first = await page.locator('#facts').textContent();
    await page.keyboard.press('2');
    await doneIs(page, '1 of 2');
    const other = await pages.openLabel(campaign);
    await other.getByRole('button', { name: 'Undo' }).click();
    await doneIs(other, '0 of 2');
    await doneIs(page, '0 of 2');
    expect(await page.locator('#facts').textContent()).toBe(first);
    expect(await page.locator('#last').textContent()).toBe('');
  });

  test('says that an answer stays when its campaign has closed', async () => {
    const { campaign, dataset } = await pages.newCampaign(2);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 2 done');
    await page.keyboard.press('1');
    await doneIs(page, '1 of 2');
    await pages.annotation.closeCampaign({ campaign });
    await page.keyboard.press('u');
    await page.locator('#problem', { hasText: 'closed' }).waitFor();
    expect(await page.getByRole('button', { name: 'Undo' }).isVisible()).toBe(false);
    expect(await pages.labelsOf(dataset)).toHaveLength(1);
  });

  test('says that the campaign has closed, and offers to undo nothing any more', async () => {
    const { campaign } = await pages.newCampaign(1);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 1 done');
    await page.keyboard.press('1');
    const undo = page.getByRole('button', { name: 'Undo my last answer' });
    await undo.waitFor();
    await pages.annotation.closeCampaign({ campaign });
    await undo.click();
    await page.locator('#notice h1', { hasText: 'This campaign is closed' }).waitFor();
    expect(await page.locator('#notice').textContent()).toContain('1 answered, 0 skipped');
    expect(await page.getByRole('button', { name: 'Undo' }).count()).toBe(0);
  });
});
