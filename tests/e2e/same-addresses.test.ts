/** A home that is stopped and started again answers everywhere where it did before. */
import { rm } from 'node:fs/promises';
import type { UpState } from '../../workers/state';
import { makeTestHome } from '../support/start-stack';
import { lastLine, watchlake } from './demo-run';

const NONE_GIVEN = {
  ...{ TEMPORAL_PORT: '', TEMPORAL_UI_PORT: '', KAFKA_PORT: '' },
  ...{ POSTGRES_PORT: '', APP_PORT: '', METRICS_PORT: '' },
};

async function up(home: string, environment = {}) {
  const started = watchlake(home, ['up', '--detach', '--json'], { environment });
  const { code, stdout, stderr } = await started.finished;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { temporal, kafka, postgres, app, metrics } = JSON.parse(lastLine(stdout)) as UpState;
  return { temporal, kafka, postgres, app, metrics };
}

test('the parts, the page and the metrics', async () => {
  const home = await makeTestHome();
  try {
    const before = await up(home);
    await watchlake(home, ['down']).finished;
    const after = await up(home, NONE_GIVEN);
    expect(after).toEqual(before);
    expect((await fetch(after.metrics?.url ?? '')).status).toBe(200);
  } finally {
    await watchlake(home, ['down']).finished;
    await rm(home, { recursive: true });
  }
}, 240_000);
