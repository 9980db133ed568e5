/** Takes the pictures of the docs from a finished demo that is still up: web UI, label page, report. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const home = process.env.WATCHLAKE_HOME ?? join(root, '.watchlake');
process.env.WATCHLAKE_HOME = join(home, 'demo');

const { loadConfig } = require('../dist/workers/config.js');
const { connectCommand } = require('../dist/workers/connect.js');
const { readState } = require('../dist/workers/state.js');

const CAMPAIGN = 'pictures';

function browserProgram() {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    const { stdout, status } = spawnSync('which', [name], { encoding: 'utf8' });
    if (status === 0) return stdout.trim();
  }
  throw new Error('no Chromium: run scripts/install-browser.sh');
}

const state = await readState(process.env.WATCHLAKE_HOME);
if (!state) throw new Error('no demo is up: run `npm run demo` first');
const context = await connectCommand(loadConfig());
await context.client.workflow
  .start('annotationCampaign', {
    workflowId: `annotate/${CAMPAIGN}`,
    workflowIdConflictPolicy: 'USE_EXISTING',
    taskQueue: 'orchestration',
    args: [{ campaign: CAMPAIGN, dataset: 'watch-exercises', model: 'activity', labels: 20 }],
  })
  .then((handle) => waitForTasks(handle));

async function waitForTasks(handle) {
  for (let tries = 0; tries < 120; tries += 1) {
    const { step } = await handle.query('progress').catch(() => ({ step: '' }));
    if (step === 'waiting for answers') return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('the campaign for the pictures has no tasks');
}

const browser = await chromium.launch({
  executablePath: browserProgram(),
  args: [
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  const picture = async (name, url, ready) => {
    await page.goto(url, { waitUntil: 'load', timeout: 60_000 });
    await ready();
    await page.screenshot({ path: join(root, 'docs', 'images', `${name}.png`) });
    console.log(`docs/images/${name}.png`);
  };
  const ui = `${state.temporal.uiUrl}/namespaces/default/workflows`;
  await picture('temporal-ui', `${ui}/${encodeURIComponent('loop/demo')}`, async () => {
    await page.getByText('activeLearningLoop').first().waitFor({ timeout: 60_000 });
    await page.waitForTimeout(4_000);
    // The timeline says more than the input above it.
    await page
      .getByRole('heading', { name: 'Timeline' })
      .first()
      .evaluate((heading) => heading.scrollIntoView());
    await page.waitForTimeout(1_000);
  });
  await picture(
    'label-page',
    `${state.app.url}/label?campaign=${CAMPAIGN}&annotator=you`,
    async () => {
      await page.locator('svg').first().waitFor({ timeout: 30_000 });
      await page.waitForTimeout(500);
    },
  );
  await picture('report', `${state.app.url}/report`, async () => {
    await page.locator('svg').first().waitFor({ timeout: 30_000 });
  });
} finally {
  await browser.close();
  await context.client.workflow.getHandle(`annotate/${CAMPAIGN}`).cancel();
  await context.close();
}
