/** Downloads from S3 go on where they broke off, and processes that fetch the same keep out of each other's way. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { forgetDownload } from '../../../lakehouse/sources/open-source';
import { downloadFromS3 } from '../../../lakehouse/sources/s3';
import { DEFAULT_LIMITS } from '../../../lakehouse/sources/source';
import { downloadPath, sweepDownloads } from '../../../lakehouse/sources/spool';
import type { RangeServer } from '../../support/range-server';
import { startRangeServer } from '../../support/range-server';
import { temporaryFolder } from '../../support/recordings';
import type { S3DownloadInput } from '../../support/s3-download-process';
import { remainingOfThree } from '../../support/shared-download';

const temporary = temporaryFolder();
const SUPPORT = join(__dirname, '../../support');
const SOURCE = 's3://bucket/archive.zip';
const PIECE_BYTES = 16 * 1024 * 1024;
const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, at) => 1 + ((at * 7) % 251)));
let server: RangeServer;

beforeEach(async () => {
  server = await startRangeServer(CONTENT);
});
afterEach(() => server.close());

async function newOptions(): Promise<S3DownloadInput['options'] & { folder: string }> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const endpoint = new URL(server.address).origin;
  return {
    ...{ limits: DEFAULT_LIMITS, extensions: ['.csv'] },
    folder: await mkdtemp(join(temporary.path(), 'spool-')),
    access: { aws: { endpoint, credentials, region: 'eu-central-1' }, pathStyle: true },
  };
}

function downloadElsewhere(input: S3DownloadInput) {
  const program = [join(SUPPORT, 'typescript.js'), join(SUPPORT, 's3-download-process.ts')];
  return spawn(process.execPath, ['-r', ...program, JSON.stringify(input)], { stdio: 'inherit' });
}

/** Ends while one of its bodies waits, and others have come. */
async function halted(options: S3DownloadInput['options'], pieces = 0): Promise<void> {
  const controller = new AbortController();
  let come = 0;
  const onProgress = (): void => void (come += 1);
  const halting = downloadFromS3(SOURCE, { ...options, signal: controller.signal, onProgress });
  await server.holding(1);
  while (come < pieces) await sleep(5);
  controller.abort(new Error('cancelled'));
  await expect(halting).rejects.toThrow('cancelled');
  server.letGo();
}

test('another process that begins midway and is killed takes nothing away', async () => {
  const options = await newOptions();
  server.holdsAfter = 100_000;
  const fetching = downloadFromS3(SOURCE, options);
  await server.holding(1);
  const other = downloadElsewhere({ source: SOURCE, options });
  await server.holding(2);
  other.kill('SIGKILL');
  await once(other, 'exit');
  server.letGo();
  expect(CONTENT.equals(await readFile(await fetching))).toBe(true);
  // Nor does it leave anything for good.
  await forgetDownload(SOURCE, options.folder);
  expect(await readdir(options.folder)).toEqual([]);
});

test('what a cancelled download has left is forgotten with the address, as is what the release before left', async () => {
  const options = await newOptions();
  server.holdsAfter = 100_000;
  await halted(options);
  expect(await readdir(options.folder)).toHaveLength(1);
  const earlier = `${downloadPath(SOURCE, options.folder)}-0123456789abcdef`;
  for (const end of ['.part.half', '.part.pieces']) await writeFile(`${earlier}${end}`, '');
  await forgetDownload(SOURCE, options.folder);
  expect(await readdir(options.folder)).toEqual([]);
});

test('one who is cancelled leaves at once, and the download goes on for the other', async () => {
  const options = await newOptions();
  const second = await remainingOfThree(server, (signal) =>
    downloadFromS3(SOURCE, { ...options, signal }),
  );
  expect(CONTENT.equals(await readFile(second))).toBe(true);
});

test('what is under way is not forgotten with the address', async () => {
  const options = await newOptions();
  server.holdsAfter = 100_000;
  const fetching = downloadFromS3(SOURCE, options);
  await server.holding(1);
  await forgetDownload(SOURCE, options.folder);
  server.letGo();
  expect(CONTENT.equals(await readFile(await fetching))).toBe(true);
});

test('a piece that is there is not fetched again', async () => {
  server.content = Buffer.alloc(PIECE_BYTES + 1000, CONTENT);
  server.holdsAfter = PIECE_BYTES - 1;
  const options = await newOptions();
  await halted(options, 1);
  server.asked.length = 0;
  const path = await downloadFromS3(SOURCE, options);
  expect(server.content.equals(await readFile(path))).toBe(true);
  // The first question is for the object's facts.
  expect(server.asked).toEqual([null, `bytes=0-${PIECE_BYTES - 1}`]);
  expect(await readdir(options.folder)).toHaveLength(1);
});

test('what is opened again stays, with the time that it is known by', async () => {
  const options = await newOptions();
  const path = await downloadFromS3(SOURCE, options);
  const { mtimeMs } = await stat(path);
  await sleep(50);
  const openedMs = Date.now();
  await sleep(50);
  expect(await downloadFromS3(SOURCE, options)).toBe(path);
  await sweepDownloads(openedMs, options.folder);
  expect((await stat(path)).mtimeMs).toBe(mtimeMs);
  await sweepDownloads(Date.now() + 1000, options.folder);
  expect(await readdir(options.folder)).toEqual([]);
});
