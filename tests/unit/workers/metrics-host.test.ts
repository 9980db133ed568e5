/** The exporter of the metrics takes addresses alone; METRICS_HOST may also be a name. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../workers/config';
import { metricsAddress } from '../../../workers/metrics';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'watchlake-metrics-'));
});
afterEach(() => rm(home, { recursive: true }));

const addressOf = (host: string) =>
  metricsAddress(loadConfig({ WATCHLAKE_HOME: home, METRICS_HOST: host, METRICS_PORT: '0' }));

test.each([
  ['0.0.0.0', /^0\.0\.0\.0:\d+$/],
  ['localhost', /^(127\.0\.0\.1|\[::1\]):\d+$/],
  ['::1', /^\[::1\]:\d+$/],
  // As the exporter itself wants it.
  ['[::1]', /^\[::1\]:\d+$/],
])('%s', async (host, form) => {
  expect(await addressOf(host)).toMatch(form);
});

test('a name that stands for no address is told as what it is', async () => {
  await expect(addressOf('nobody.invalid')).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('METRICS_HOST') as string,
  });
});
