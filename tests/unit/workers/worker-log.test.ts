/** The log of a home's workers: it does not grow for ever, and tells why one of them has ended. */
import { appendFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastWords, openWorkerLog } from '../../../workers/worker-log';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'watchlake-worker-log-'));
});
afterEach(() => rm(home, { recursive: true }));

test('one that has grown large is kept beside the next', async () => {
  const first = openWorkerLog(home);
  first.close();
  await appendFile(first.file, Buffer.alloc(10_000_001, 'x'));
  const second = openWorkerLog(home);
  second.close();
  expect((await readdir(join(home, 'logs'))).sort()).toEqual(['worker.log', 'worker.log.1']);
  expect([second.from, (await stat(second.file)).size]).toEqual([0, 0]);
});

test('of what each has said, its own last failure counts', async () => {
  const fatal = (message: string) => `${JSON.stringify({ level: 60, err: { message } })}\n`;
  const first = openWorkerLog(home);
  first.close();
  await appendFile(first.file, fatal('of the first'));
  const second = openWorkerLog(home);
  second.close();
  expect(lastWords(second)).toBeUndefined();
  await appendFile(second.file, 'a library\nnull\n{"level":30}\n');
  expect(lastWords(second)).toBeUndefined();
  await appendFile(second.file, `${fatal('of the second')}more\n`);
  expect([lastWords(first), lastWords(second)]).toEqual(['of the second', 'of the second']);
  await appendFile(second.file, `${JSON.stringify({ failure: { message: 'no settings' } })}\n`);
  expect(lastWords(second)).toBe('no settings');
});
