/** The page of the ingest server's API in a real browser: all of it is there, and nothing is blocked or broken. */
import { findChromium, startBrowser } from '../support/browser';
import { startIngest } from '../support/ingest';

const executable = findChromium();
if (executable === null)
  process.stderr.write(
    '\nSKIPPED: the page of the ingest API was not tested, because there is no Chromium or Chrome on PATH.\n' +
      'Install one (Debian: apt-get install chromium) or set CHROMIUM_PATH.\n\n',
  );

(executable === null ? test.skip : test)(
  'the page shows every path with its answers, under its own policy',
  async () => {
    const ingest = await startIngest();
    const browser = await startBrowser(executable as string);
    try {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(ingest.url);
      await page.getByText('Figures for Prometheus').waitFor();
      expect(await page.locator('.opblock').count()).toBe(4);
      expect(await page.getByText('IDEMPOTENCY_KEY_REUSED').count()).toBe(1);
      // It is for reading: no field to fill in, and nobody else's logo.
      expect(await page.locator('input:visible, img:visible, .authorize:visible').count()).toBe(0);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
      await ingest.close();
    }
  },
  180_000,
);
