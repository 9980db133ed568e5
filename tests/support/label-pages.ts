/** A browser before the application page, with campaigns to label in: what the tests of the label page share. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { createAnnotationStore, type AnnotationStore } from '../../annotation/annotation';
import type { Label } from '../../annotation/labels';
import { createAppServer, type AppServer } from '../../annotation/server';
import { findChromium, startBrowser } from './browser';
import { createTestDatabase, type TestDatabase } from './database';
import { openCampaignWith } from './label-tasks';

const executable = findChromium();
if (executable === null)
  process.stderr.write(
    '\nSKIPPED: the label page was not tested, because there is no Chromium or Chrome on ' +
      'PATH.\nInstall one (Debian: apt-get install chromium) or set CHROMIUM_PATH.\n\n',
  );
/** Skips where the machine has no browser. */
export const withBrowser = executable === null ? describe.skip : describe;

export const doneIs = (page: Page, text: string) =>
  page.locator('#counts', { hasText: text }).waitFor({ timeout: 30_000 });

/** Starts what the tests of one `describe` need, and fails those in which the page complained. */
export class LabelPages {
  database!: TestDatabase;
  annotation!: AnnotationStore;
  private server!: AppServer;
  private address!: string;
  private browser!: Browser;
  private contexts: BrowserContext[] = [];
  private complaints: string[] = [];
  private campaigns = 0;

  constructor() {
    beforeAll(async () => {
      this.database = await createTestDatabase();
      this.annotation = createAnnotationStore(this.database.pool);
      this.server = await createAppServer({ annotation: this.annotation, version: '0.1.0' });
      this.address = await this.server.listen(0);
      this.browser = await startBrowser(executable as string);
    });
    afterAll(async () => {
      await this.browser?.close();
      await this.server.close();
      await this.database.drop();
    });
    afterEach(async () => {
      await Promise.all(this.contexts.map((context) => context.close()));
      this.contexts = [];
      expect(this.complaints).toEqual([]);
      this.complaints = [];
    });
  }

  newName(): string {
    this.campaigns += 1;
    return `page/${this.campaigns}`;
  }

  async newCampaign(tasks: number) {
    const campaign = this.newName();
    const names = { campaign, dataset: campaign.replace('/', '-') };
    await openCampaignWith(this.annotation, { ...names, tasks });
    return names;
  }

  async open(path: string, base = this.address): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1180, height: 900 } });
    this.contexts.push(context);
    // Chromium starts to hand requests over only a while after the first route of a page is set: set in a page that is
    // open, it lets its request through now and then. This one, of nothing, is there from the start.
    await context.route('**/nothing', (route) => route.abort());
    const page = await context.newPage();
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      // What the page's policy forbids arrives here, not as an error.
      if (/Content Security Policy/.test(message.text())) this.complaints.push(message.text());
    });
    await page.goto(base + path);
    return page;
  }

  openLabel(campaign: string, annotator = 'anna', base = this.address): Promise<Page> {
    const name = annotator && `&annotator=${annotator}`;
    return this.open(`/label?campaign=${encodeURIComponent(campaign)}${name}`, base);
  }

  async labelsOf(dataset: string): Promise<Label[]> {
    const labels: Label[] = [];
    for await (const label of this.annotation.labels({ dataset })) labels.push(label);
    return labels;
  }
}

/** What the server says to the next lease is held back until the returned function is called. */
export async function holdLease(page: Page): Promise<() => void> {
  let arrive = () => {};
  const late = new Promise<void>((resolve) => (arrive = resolve));
  await page.route(
    '**/lease',
    async (route) => {
      const response = await route.fetch();
      await late;
      await route.fulfill({ response });
    },
    { times: 1 },
  );
  return arrive;
}
