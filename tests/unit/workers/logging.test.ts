/** Logs are read by machines: what the docs say of a line holds, whoever wrote it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type Config } from '../../../workers/config';
import { createLog, serverLogger, temporalLogger } from '../../../workers/logging';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-logs-'));
});
afterEach(() => rm(folder, { recursive: true }));

const newLog = (part: string, LOG_LEVEL: Config['LOG_LEVEL'] = 'info') =>
  createLog(loadConfig({ LOG_LEVEL }), part, join(folder, 'log'));
const lines = async () => (await readFile(join(folder, 'log'), 'utf8')).trimEnd().split('\n');

test('a workflow and its activities name their run in one way', async () => {
  const log = temporalLogger(newLog('worker'), 'info');
  // As the SDK spells it in workflows, and in activities.
  log.info('decided', { workflowId: 'loop/x', runId: 'r-1' });
  log.info('written', { workflowId: 'loop/x', workflowRunId: 'r-1', activityType: 'writeReport' });
  const written = (await lines()).map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of written) expect(line).toMatchObject({ workflowId: 'loop/x', runId: 'r-1' });
  expect(written[1]).toMatchObject({ activityType: 'writeReport' });
});

test('a server says which it is, of failures alone, and no field stands twice in a line', async () => {
  const log = serverLogger(newLog('supervisor'), 'app');
  log.info('a request');
  log.warn('a request failed');
  const written = await lines();
  expect(written).toHaveLength(1);
  const names = [...(written[0] as string).matchAll(/"(\w+)":/g)].map(([, name]) => name);
  expect(names).toEqual([...new Set(names)]);
  expect(JSON.parse(written[0] as string)).toMatchObject({ part: 'supervisor', server: 'app' });
});

test('a server is as silent as LOG_LEVEL asks for', async () => {
  const log = serverLogger(newLog('ingest', 'error'), 'ingest');
  log.warn('a request failed');
  log.error('an answer failed');
  expect((await lines()).join()).not.toContain('a request failed');
  expect(await lines()).toHaveLength(1);
});
