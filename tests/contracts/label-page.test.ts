/** The label page in a real browser: by key, by pointer, side by side, and when things fail. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { createAppServer } from '../../annotation/server';
import { parseTokens } from '../../core/tokens';
import { doneIs, LabelPages, withBrowser } from '../support/label-pages';
import { CLASSES, newTask, openCampaignWith } from '../support/label-tasks';

const FAINT_TEXTS = readFileSync(join(__dirname, '../support/page-contrast.js'), 'utf8');

// On how many lines each word of a long answer stands.
const LINES_OF_WORDS = `(() => {
  const text = document.querySelector('.choice .text');
  text.textContent = 'Trapezius extension';
  return [...text.textContent.matchAll(/\\w+/g)].map(({ index, 0: word }) => {
    const range = document.createRange();
    range.setStart(text.firstChild, index);
    range.setEnd(text.firstChild, index + word.length);
    return range.getClientRects().length;
  });
})()`;

// Names of channels that leave the plot, or stand upon another one, once it is drawn for the present width.
const NAMES_OUTSIDE = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const plot = document.querySelector('#plot').getBoundingClientRect();
  const boxes = [...document.querySelectorAll('#plot text.name')].map((each) => [
    each.textContent,
    each.getBoundingClientRect(),
  ]);
  const meet = (a, b) =>
    a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom;
  const isWrong = ([, box]) =>
    box.right > plot.right + 1 || boxes.some(([, other]) => other !== box && meet(box, other));
  done(boxes.filter(isWrong).map(([name]) => name));
})))`;

const HIDDEN_OF_NAME = `(() => {
  const { scrollWidth, clientWidth } = document.querySelector('#campaign-name');
  return scrollWidth - clientWidth;
})()`;

jest.setTimeout(180_000);

withBrowser('the label page', () => {
  const pages = new LabelPages();

  test('shows the signal with its units and every class with its probability', async () => {
    const { campaign } = await pages.newCampaign(2);
    const page = await pages.openLabel(campaign);
    await page.locator('#plot svg').waitFor();
    expect(await page.locator('#plot path.series').count()).toBe(6);
    const drawn = await page.locator('#plot svg').textContent();
    expect(drawn).toContain('Acceleration (g)');
    expect(drawn).toContain('Rotation (rad/s)');
    expect(drawn).toContain('Time since the window’s start (s)');
    const described = await page.locator('#plot svg').getAttribute('aria-label');
    expect(described).toMatch(/Signal of 4 seconds.*ax from -1\.00 to 1\.00/);
    const choices = await page.locator('.choice .text').allTextContents();
    expect(choices).toEqual(['Rest', 'Walk', 'Forward elevation', 'I cannot tell, skip it']);
    expect(await page.locator('.choice.likeliest .text').textContent()).toBe('Rest');
    expect(await page.locator('.choice .share').first().textContent()).toMatch(/^\d+\s%$/);
  });

  test('tells labels apart that would read alike, and keeps the one that was chosen', async () => {
    const names = { campaign: pages.newName(), dataset: 'twins' };
    const classes = ['Walk', 'sit_down', 'walk'];
    await openCampaignWith(pages.annotation, { ...names, classes, tasks: 2, changes: { classes } });
    const page = await pages.openLabel(names.campaign);
    await doneIs(page, '0 of 2 done');
    const choices = page.locator('.choice:not(.skip) .text');
    expect(await choices.allTextContents()).toEqual(['Walk', 'Sit down', 'walk']);
    await page.keyboard.press('3');
    await doneIs(page, '1 of 2');
    expect(await page.locator('#last').textContent()).toBe('Kept: walk');
    expect((await pages.labelsOf('twins')).map(({ label }) => label)).toEqual(['walk']);
  });

  test('shows no prediction of a window by which models are judged', async () => {
    const campaign = pages.newName();
    const changes = { kind: 'audit' } as const;
    await openCampaignWith(pages.annotation, { campaign, dataset: campaign, tasks: 1, changes });
    const page = await pages.openLabel(campaign);
    await page.locator('#guess', { hasText: 'what it predicts is not shown' }).waitFor();
    const choices = await page.locator('.choice .text').allTextContents();
    expect(choices).toEqual(['Rest', 'Walk', 'Forward elevation', 'I cannot tell, skip it']);
    expect(await page.locator('.choice .share, .choice .bar, .likeliest').count()).toBe(0);
    expect(await page.locator('[aria-label*="predicted"]').count()).toBe(0);
  });

  test('breaks no word of an answer on a phone', async () => {
    const { campaign } = await pages.newCampaign(1);
    const page = await pages.openLabel(campaign);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator('.choice').first().waitFor();
    expect(await page.evaluate(LINES_OF_WORDS)).toEqual([1, 1]);
  });

  test('shows a signal of two quantities and its answers at once on a phone', async () => {
    const { campaign } = await pages.newCampaign(1);
    const page = await pages.openLabel(campaign);
    await page.setViewportSize({ width: 375, height: 740 });
    const skip = page.locator('.choice.skip');
    await skip.waitFor();
    await page.waitForFunction('document.querySelector("#plot svg").clientWidth < 375');
    const { y, height } = (await skip.boundingBox())!;
    expect(y + height).toBeLessThanOrEqual(740);
  });

  test('says whose guess it is, and the whole name of a campaign, also on a phone', async () => {
    const campaign = 'watch-exercises-20261127t075525z';
    await openCampaignWith(pages.annotation, { campaign, dataset: campaign, tasks: 1 });
    const page = await pages.openLabel(campaign);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator('#guess', { hasText: 'version 1 of the model exercises' }).waitFor();
    expect(await page.locator('#facts').textContent()).toContain('0:00.0 – 0:04.0 min');
    expect(await page.evaluate(HIDDEN_OF_NAME)).toBe(0);
  });

  test('is answered by number keys, skipped by S, and ends with the truth', async () => {
    const { campaign, dataset } = await pages.newCampaign(4);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 4 done');
    for (const [key, done] of [
      ['2', '1 of 4'],
      ['s', '2 of 4'],
      ['3', '3 of 4'],
    ] as const) {
      await page.keyboard.press(key);
      await doneIs(page, done);
    }
    await page.keyboard.press('9');
    await page.keyboard.press('1');
    await page.locator('#notice h1').waitFor();
    expect(await page.locator('#notice').textContent()).toContain(
      'No open task: 0 in somebody’s hands, 3 answered, 1 skipped.',
    );
    const labels = await pages.labelsOf(dataset);
    // In the order in which the tasks were made; the audit was asked before the last of the others.
    expect(labels.map(({ kind, label, annotator }) => [kind, label, annotator])).toEqual([
      ['uncertain', 'walk', 'anna'],
      ['uncertain', 'rest', 'anna'],
      ['audit', 'forward-elevation', 'anna'],
    ]);
  });

  test('shows the date of a window, and names of channels that are long, also on a phone', async () => {
    const campaign = pages.newName();
    const names = ['x', 'y', 'z'].flatMap((axis) => [
      { name: `rotation_rate_${axis}`, unit: 'rad/s' },
      { name: `user_acceleration_${axis}`, unit: 'g' },
    ]);
    const opened = { campaign, dataset: campaign, model: 'exercises', classes: CLASSES, target: 1 };
    await pages.annotation.openCampaign({ ...opened, channels: names });
    const startMs = Date.UTC(2021, 10, 7, 0, 35, 2);
    const made = newTask(0, { startMs, endMs: startMs + 4_000 });
    const timestampsMs = made.signal.timestampsMs.map((ms) => ms + startMs);
    const signal = { ...made.signal, channels: names.map(({ name }) => name), timestampsMs };
    await pages.annotation.createTasks({ campaign, tasks: [{ ...made, signal }] });
    const page = await pages.openLabel(campaign);
    for (const width of [1180, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await page.locator('#plot text.name', { hasText: 'rotation_rate_x' }).waitFor();
      expect(await page.evaluate(NAMES_OUTSIDE)).toEqual([]);
    }
    expect(await page.locator('#facts').textContent()).toContain(
      '2021-11-07 00:35:02 – 00:35:06 UTC',
    );
  });

  test('is answered by pointer and by a focused button', async () => {
    const { campaign, dataset } = await pages.newCampaign(2);
    const page = await pages.openLabel(campaign);
    await page.getByRole('button', { name: /^Walk/ }).click();
    await doneIs(page, '1 of 2');
    await page.getByRole('button', { name: /^Forward elevation/ }).focus();
    await page.keyboard.press('Enter');
    await page.locator('#notice h1').waitFor();
    const labels = (await pages.labelsOf(dataset)).map(({ label }) => label);
    expect(labels).toEqual(['walk', 'forward-elevation']);
  });

  test('takes one answer however often a key is pressed', async () => {
    const { campaign, dataset } = await pages.newCampaign(3);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 3');
    await Promise.all(['1', '1', '1', '1'].map((key) => page.keyboard.down(key)));
    await doneIs(page, '1 of 3');
    expect(await pages.labelsOf(dataset)).toHaveLength(1);
  });

  test('gives two people different windows, and waits truthfully for the last', async () => {
    const { campaign } = await pages.newCampaign(2);
    const [anna, ben] = [
      await pages.openLabel(campaign, 'anna'),
      await pages.openLabel(campaign, 'ben'),
    ];
    const facts = (page: Page) => page.locator('#facts').textContent();
    await anna.locator('#plot svg').waitFor();
    await ben.locator('#plot svg').waitFor();
    expect(await facts(anna)).not.toBe(await facts(ben));
    await anna.keyboard.press('1');
    await anna.locator('#notice h1', { hasText: 'No open task' }).waitFor();
    expect(await anna.locator('#notice').textContent()).toContain(
      '1 in somebody’s hands, 1 answered',
    );
    const carl = await pages.openLabel(campaign, 'carl');
    await carl.locator('#notice h1', { hasText: 'No open task' }).waitFor();
    // It looks again by itself, and leaves the focus where it is.
    const home = carl.locator('#notice').getByRole('link', { name: 'Home' });
    await home.focus();
    const again = await carl.waitForResponse(/tasks\/lease/);
    await again.finished();
    await carl.waitForTimeout(200);
    expect(await carl.evaluate('document.activeElement.textContent')).toBe('Home');
  });

  test('keeps the window over a reload', async () => {
    const { campaign } = await pages.newCampaign(5);
    const page = await pages.openLabel(campaign);
    await page.locator('#plot svg').waitFor();
    const before = await page.locator('#facts').textContent();
    await page.reload();
    await page.locator('#plot svg').waitFor();
    expect(await page.locator('#facts').textContent()).toBe(before);
  });

  test('asks for another name than one that is too long', async () => {
    const { campaign } = await pages.newCampaign(1);
    const page = await pages.openLabel(campaign, 'x'.repeat(81));
    await page.getByLabel('Your name or initials').waitFor();
    expect(await page.locator('#problem').isHidden()).toBe(true);
  });

  test('asks who labels, once', async () => {
    const { campaign, dataset } = await pages.newCampaign(1);
    const page = await pages.openLabel(campaign, '');
    await page.getByLabel('Your name or initials').fill('dora s');
    await page.keyboard.press('Enter');
    await page.locator('#plot svg').waitFor();
    await page.reload();
    await page.locator('#plot svg').waitFor();
    await page.keyboard.press('1');
    await page.locator('#notice h1', { hasText: 'All done' }).waitFor();
    expect((await pages.labelsOf(dataset))[0]).toMatchObject({
      annotator: 'dora s',
      label: CLASSES[0],
    });
  });

  test('says when somebody else has taken the window over, and goes on', async () => {
    const { campaign } = await pages.newCampaign(2);
    const page = await pages.openLabel(campaign);
    await page.locator('#plot svg').waitFor();
    await pages.database.pool.query(
      `UPDATE annotation.tasks SET annotator = 'ben', lease = gen_random_uuid()
       WHERE campaign = $1 AND status = 'leased'`,
      [campaign],
    );
    await page.keyboard.press('1');
    await page.locator('#problem', { hasText: 'no longer yours' }).waitFor();
    expect(await page.locator('#plot svg').count()).toBe(1);
  });

  test('goes on when the person of the window has been erased meanwhile', async () => {
    const { campaign, dataset } = await pages.newCampaign(2);
    const page = await pages.openLabel(campaign);
    await doneIs(page, '0 of 2 done');
    const { subjectKey } = newTask(0);
    await pages.annotation.eraseAnswers({ dataset, subjectKey });
    await page.keyboard.press('1');
    await doneIs(page, '0 of 1 done');
    await page.locator('#problem', { hasText: 'There is no label task' }).waitFor();
    expect(await page.locator('#problem').textContent()).toMatch(/\. Your answer was not kept\.$/);
    await page.keyboard.press('1');
    await doneIs(page, '1 of 1 done');
    await pages.annotation.eraseAnswers({ dataset, subjectKey: newTask(1).subjectKey });
    await page.keyboard.press('u');
    await page.locator('#problem', { hasText: 'There is no label task' }).waitFor();
    expect(await page.getByRole('button', { name: 'Undo' }).count()).toBe(0);
  });

  test('asks for a token where the server wants one', async () => {
    const secret = 'a-long-enough-secret';
    const reader = 'a-long-reading-secret';
    const tokens = parseTokens(`annotator:${secret},reader:${reader}`);
    const guarded = await createAppServer({ annotation: pages.annotation, version: '0', tokens });
    const { campaign } = await pages.newCampaign(1);
    const page = await pages.openLabel(campaign, 'anna', await guarded.listen(0));
    for (const [wrong, fault] of [
      ['mistyped', 'mistyped, or no longer valid'],
      [reader, 'does not allow'],
    ] as const) {
      await page.getByLabel('Token').fill(wrong);
      await page.keyboard.press('Enter');
      await page.locator('#notice', { hasText: fault }).waitFor();
    }
    await page.getByLabel('Token').fill(secret);
    await page.keyboard.press('Enter');
    await page.locator('#plot svg').waitFor();
    await guarded.close();
  });

  test('the report opens from the home page where the server wants a token, and only so', async () => {
    const secret = 'a-long-enough-secret';
    const folder = await mkdtemp(join(tmpdir(), 'watchlake-report-'));
    const report = join(folder, 'report.html');
    await writeFile(report, '<!doctype html><h1>What was learned</h1>');
    const guarded = await createAppServer({
      ...{ annotation: pages.annotation, version: '0', tokens: parseTokens(`reader:${secret}`) },
      reportPath: async () => report,
    });
    try {
      const base = await guarded.listen(0);
      const page = await pages.open('/', base);
      await page.getByLabel('Token').fill(secret);
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'Report' }).click();
      await page.getByRole('heading', { name: 'What was learned' }).waitFor();
      // The link was good once: whoever finds it later, or loads it again, is asked for the token.
      const used = page.url();
      expect((await fetch(used)).status).toBe(401);
      await page.reload();
      await page.getByRole('link', { name: 'Report' }).waitFor();
      expect(page.url()).toBe(`${base}/`);
      const stranger = await pages.open('/report', base);
      await stranger.getByLabel('Token').waitFor();
    } finally {
      await guarded.close();
      await rm(folder, { recursive: true });
    }
  });

  test('has contrast by day and by night, and fits a phone', async () => {
    const { campaign } = await pages.newCampaign(1);
    const page = await pages.openLabel(campaign);
    await page.locator('#plot svg').waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect(await page.evaluate(FAINT_TEXTS)).toEqual([]);
    }
    await page.setViewportSize({ width: 380, height: 800 });
    const overflow = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBe(0);
  });

  test('the home page lists campaigns and leads to the open ones', async () => {
    const { campaign, dataset } = await pages.newCampaign(3);
    const page = await pages.open('/');
    const row = page.locator('.row', { hasText: campaign });
    expect(await row.textContent()).toContain(`dataset ${dataset} · model exercises`);
    expect(await row.textContent()).toContain('0 of 3 labelled');
    expect(await page.evaluate(FAINT_TEXTS)).toEqual([]);
    await page.getByRole('link', { name: `Label in ${campaign}`, exact: true }).click();
    await page.getByLabel('Your name or initials').waitFor();
    expect(decodeURIComponent(page.url())).toContain(`campaign=${campaign}`);
  });
});
