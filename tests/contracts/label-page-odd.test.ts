/** What is unusual on the pages: tokens that no header takes, labels of signs alone, moments at the end of a minute, campaigns that are being opened. */
import { createAppServer } from '../../annotation/server';
import { parseTokens } from '../../core/tokens';
import { openCampaignWith } from '../support/label-tasks';
import { doneIs, LabelPages, withBrowser } from '../support/label-pages';

jest.setTimeout(180_000);

withBrowser('the pages', () => {
  const pages = new LabelPages();

  test('ask for another token when the one that was given has signs that no token has', async () => {
    const secret = 'ein-genügend-langes-wort';
    const { campaign } = await pages.newCampaign(1);
    const guarded = await createAppServer({
      ...{ annotation: pages.annotation, version: '0', tokens: parseTokens(`annotator:${secret}`) },
    });
    try {
      const page = await pages.openLabel(campaign, 'anna', await guarded.listen(0));
      // As pasted from a text, with a sign that nobody sees.
      await page.getByLabel('Token').fill(`${secret}\u200b`);
      await page.keyboard.press('Enter');
      await page.locator('#notice', { hasText: 'mistyped, or no longer valid' }).waitFor();
      expect(await page.locator('#problem').isVisible()).toBe(false);
      await page.reload();
      await page.getByLabel('Token').fill(secret);
      await page.keyboard.press('Enter');
      await doneIs(page, '0 of 1 done');
    } finally {
      await guarded.close();
    }
  });

  test('name every answer, also one that has no letters', async () => {
    const campaign = pages.newName();
    const names = { campaign, dataset: 'signs', classes: ['-', 'walk'] };
    await openCampaignWith(pages.annotation, { ...names, tasks: 1 });
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 1 done');
    expect(await page.locator('.choice .text').allTextContents()).toEqual([
      ...['-', 'Walk', 'I cannot tell, skip it'],
    ]);
  });

  test('write a moment just before a full minute as the minute', async () => {
    const campaign = pages.newName();
    const changes = { startMs: 59_960, endMs: 3_599_970 };
    await openCampaignWith(pages.annotation, { campaign, tasks: 1, changes });
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 1 done');
    expect(await page.locator('#facts').textContent()).toContain('1:00.0 – 60:00.0 min');
  });

  test('call no campaign done whose windows are still being chosen', async () => {
    const [campaign, dataset] = [pages.newName(), 'opening'];
    const facts = { dataset, model: 'exercises', classes: ['walk'], target: 5 };
    await pages.annotation.openCampaign({ campaign, ...facts });
    const page = await pages.open('/');
    const row = page.locator('.row', { hasText: campaign });
    expect(await row.textContent()).toContain('its windows are being chosen');
    expect(await row.textContent()).not.toContain('done');
    const label = await pages.openLabel(campaign);
    await label.getByRole('heading', { name: 'There is no task yet' }).waitFor();
    expect(await label.locator('#notice').textContent()).not.toContain('comes back');
  });

  test('write the names of answers below one another, with a key or without', async () => {
    const campaign = pages.newName();
    const classes = Array.from({ length: 14 }, (_, at) => `activity-${at}`);
    await openCampaignWith(pages.annotation, { campaign, tasks: 1, classes });
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 1 done');
    const lefts = await page.evaluate(
      `[...new Set([...document.querySelectorAll('.choice .text')]
        .map((node) => Math.round(node.getBoundingClientRect().left)))]`,
    );
    // One for each column.
    expect(lefts).toHaveLength(4);
  });

  test('tell at home of campaigns that are too many to be listed', async () => {
    for (const each of await pages.annotation.listCampaigns())
      await pages.annotation.closeCampaign(each);
    const first = pages.newName();
    await openCampaignWith(pages.annotation, { campaign: first, tasks: 1 });
    for (let at = 0; at < 50; at += 1)
      await openCampaignWith(pages.annotation, { campaign: pages.newName(), tasks: 1 });
    // The newest of all, but open ones are listed before it.
    const closed = pages.newName();
    await openCampaignWith(pages.annotation, { campaign: closed, tasks: 1 });
    await pages.annotation.closeCampaign({ campaign: closed });
    const page = await pages.open('/');
    const last = page.locator('.row').last();
    await last.filter({ hasText: /and \d+ more campaigns/ }).waitFor({ timeout: 10_000 });
    expect(await page.locator('.row').count()).toBe(51);
    expect(await last.textContent()).toContain('1 of them open');
    await last.getByRole('link').click();
    await page.getByLabel('Your name or initials').fill('anna');
    await page.keyboard.press('Enter');
    await page.locator('#campaign-name', { hasText: first }).waitFor();
  });
});
