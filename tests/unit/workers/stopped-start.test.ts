/** A first start that still downloads can be stopped: nobody waits for the rest. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { exists } from '../../../stack/files';
import { isLocked } from '../../../stack/stack';
import { loadConfig } from '../../../workers/config';
import { supervisorOf } from '../../../workers/state';
import { supervise } from '../../../workers/supervisor';
import { fakeTools, type FakeTools } from '../stack/fake-tools';

const path = process.env['PATH'];
let tools: FakeTools;
let folder: string;

beforeEach(async () => {
  tools = await fakeTools();
  folder = await mkdtemp(join(tmpdir(), 'watchlake-stopped-'));
  process.env['PATH'] = tools.folder;
});
afterEach(async () => {
  process.env['PATH'] = path;
  await tools.remove();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

test('the home is free as soon as it was asked for', async () => {
  const [home, cache] = [join(folder, 'home'), join(folder, 'cache')];
  const mark = join(folder, 'downloading');
  const download = `echo $$ > ${mark}; exec /bin/sleep 50`;
  await tools.put('python3', `case "$*" in *--version*) echo pip 24;; *) ${download};; esac`);
  const stopping = new AbortController();
  const ended = supervise({
    config: loadConfig({
      ...{ WATCHLAKE_HOME: home, WATCHLAKE_CACHE: cache, METRICS: 'false' },
      ...{ TEMPORAL_PORT: '0', TEMPORAL_UI_PORT: '0', KAFKA_PORT: '0', POSTGRES_PORT: '0' },
    }),
    log: pino({ enabled: false }),
    signal: stopping.signal,
    onProgress: () => undefined,
  });
  while (!(await exists(mark))) await sleep(50);
  stopping.abort();
  try {
    const inTime = await Promise.race([ended.then(() => true), sleep(20_000, false)]);
    expect([inTime, await isLocked(home), await supervisorOf(home)]).toEqual([true, false, null]);
  } finally {
    await rm(join(tools.folder, 'python3'));
    process.kill(Number(await readFile(mark, 'utf8')), 'SIGKILL');
    // The process would have ended by now; here its download has to.
    const isOver = async () => !(await readdir(cache)).some((name) => name.endsWith('.lock'));
    while (!(await isOver())) await sleep(50);
  }
});
