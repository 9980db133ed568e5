/** What workers count: what came since the call before, in an activity alone, under names that the docs tell. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MetricMeter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { COUNTERS, count, growing } from '../../../activities/meters';
import { PROJECT_ROOT } from '../../../core/project-root';

// The SDK adds what it knows of the activity.
const ownTags = ({ dataset, model, outcome }: Record<string, unknown>) =>
  JSON.parse(JSON.stringify({ dataset, model, outcome })) as object;

function meterOf(added: unknown[]) {
  const meter = {
    createCounter: (name: string) => ({
      add: (value: number, tags: Record<string, unknown>) =>
        added.push([name, value, ownTags(tags)]),
    }),
  };
  return meter as unknown as MetricMeter;
}

async function counted(work: () => void): Promise<unknown[]> {
  const added: unknown[] = [];
  const environment = new MockActivityEnvironment({}, { metricMeter: meterOf(added) });
  await environment.run(async () => work());
  return added;
}

test('counts under the name of the metric', async () => {
  const tags = { model: 'activity', outcome: 'promote' };
  expect(await counted(() => count('decisions', 1, tags))).toEqual([
    ['watchlake_decisions', 1, tags],
  ]);
});

test('of growing totals only what is new counts, and nothing of what was there before', async () => {
  const added = await counted(() => {
    const tell = growing({ dataset: 'd' }, { sentSamples: 100 });
    for (const sentSamples of [100, 150, 150, 175]) tell({ sentSamples });
  });
  expect(added).toEqual([
    ['watchlake_sent_samples', 50, { dataset: 'd' }],
    ['watchlake_sent_samples', 25, { dataset: 'd' }],
  ]);
});

test('outside of an activity nothing is counted, and nothing fails', () => {
  expect(() => count('landedRows', 5, {})).not.toThrow();
});

test('the docs name every metric', () => {
  const docs = readFileSync(join(PROJECT_ROOT, 'docs', 'metrics.md'), 'utf8');
  for (const [metric] of Object.values(COUNTERS)) expect(docs).toContain(`\`${metric}_total\``);
});
