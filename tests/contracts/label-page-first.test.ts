/** The label page before it has a task, and when there is no campaign any more. */
import { doneIs, holdLease, LabelPages, withBrowser } from '../support/label-pages';

jest.setTimeout(180_000);

withBrowser('the label page', () => {
  const pages = new LabelPages();

  test('says that it loads when the first window is slow', async () => {
    const { campaign } = await pages.newCampaign(1);
    const page = await pages.open('/');
    const arrive = await holdLease(page);
    await page.goto(new URL(`/label?campaign=${campaign}&annotator=anna`, page.url()).href);
    await page.getByRole('heading', { name: 'Loading' }).waitFor({ timeout: 5_000 });
    arrive();
    await doneIs(page, '0 of 1 done');
    expect(await page.locator('#notice').isVisible()).toBe(false);
  });

  test('gives the window to a new name that comes while it is asked for', async () => {
    const { campaign } = await pages.newCampaign(1);
    const page = await pages.open('/');
    const arrive = await holdLease(page);
    const asked = page.waitForRequest('**/lease');
    await page.goto(new URL(`/label?campaign=${campaign}&annotator=anna`, page.url()).href);
    await asked;
    await page.getByRole('button', { name: 'Labelling as anna' }).click();
    await page.getByLabel('Your name or initials').fill('ben');
    await page.keyboard.press('Enter');
    arrive();
    await page.getByRole('button', { name: 'Labelling as ben' }).waitFor();
    await page.locator('#plot svg').waitFor({ timeout: 4_000 });
  });

  /** The only one that is open. */
  async function onlyCampaign(): Promise<string> {
    const { campaign } = await pages.newCampaign(1);
    for (const other of await pages.annotation.listCampaigns())
      if (other.campaign !== campaign) await pages.annotation.closeCampaign(other);
    return campaign;
  }

  test('thanks for no answer that was taken back', async () => {
    const campaign = await onlyCampaign();
    const page = await pages.open('/label?annotator=anna');
    await doneIs(page, '0 of 1 done');
    await page.keyboard.press('1');
    await page.locator('#last', { hasText: 'Kept' }).waitFor({ state: 'attached' });
    await page.keyboard.press('u');
    await page.locator('#last', { hasText: 'Taken back' }).waitFor({ state: 'attached' });
    await pages.annotation.closeCampaign({ campaign });
    await page.keyboard.press('1');
    await page.getByRole('heading', { name: 'No open campaign' }).waitFor();
    expect(await page.locator('#notice').textContent()).not.toContain('Thank you');
  });

  test('thanks for the last answer though its campaign is no longer open', async () => {
    const campaign = await onlyCampaign();
    const page = await pages.open('/label?annotator=anna');
    await doneIs(page, '0 of 1 done');
    await page.route('**/lease', async (route) => {
      await pages.annotation.closeCampaign({ campaign });
      await route.continue();
    });
    await page.keyboard.press('1');
    await page.getByRole('heading', { name: 'No open campaign' }).waitFor();
    expect(await page.locator('#notice').textContent()).toContain('Thank you');
    await page.reload();
    await page.getByRole('heading', { name: 'No open campaign' }).waitFor();
    expect(await page.locator('#notice').textContent()).not.toContain('Thank you');
  });
});
