/** The command line and the workers of a home share the archives that they fetch, and the limits for them. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openSource } from '../../../lakehouse/sources/open-source';
import { DEFAULT_LIMITS } from '../../../lakehouse/sources/source';
import { loadConfig } from '../../../workers/config';
import { forgetSource, identifySource, sourceOptions } from '../../../workers/sources';
import { startRangeServer } from '../../support/range-server';
import { archiveFiles, temporaryFolder, writeZip } from '../../support/recordings';

const folder = temporaryFolder();
const configured = (variables: Record<string, string> = {}) =>
  loadConfig({ WATCHLAKE_HOME: join(folder.path(), 'home'), ...variables });

test('an archive is fetched once for both, named after what the server has now, and left by both', async () => {
  const archive = (recording: string) => writeZip(folder.path(), archiveFiles([{ recording }]));
  const server = await startRangeServer(await readFile(await archive('r1')));
  try {
    const config = configured();
    const id = await identifySource(server.address, 'recordings', config);
    const opened = await openSource(server.address, sourceOptions(config));
    await opened.close();
    expect(opened.contentHash).toBe(id);
    // Asked twice, answered once: the second time nothing had changed.
    expect(server.asked).toHaveLength(2);
    const spool = join(config.WATCHLAKE_HOME, 'downloads');
    expect((await readdir(spool)).filter((name) => !name.endsWith('.json'))).toHaveLength(1);
    server.content = await readFile(await archive('r2'));
    expect(await identifySource(server.address, 'recordings', config)).not.toBe(id);
    await forgetSource(server.address, config);
    expect(await readdir(spool)).toEqual([]);
  } finally {
    await server.close();
  }
});

test('one set of limits holds for both, and lets in the largest archives of CASAS', () => {
  const { members: _members, ...limits } = DEFAULT_LIMITS;
  expect(sourceOptions(configured()).limits).toEqual(limits);
  const [zip, inflated] = [38e9, 7 * 38e9];
  expect(limits.downloadBytes).toBeGreaterThan(zip);
  expect(limits.totalBytes).toBeGreaterThan(inflated);
  const few = configured({ DOWNLOAD_LIMIT_BYTES: '10', ARCHIVE_TOTAL_LIMIT_BYTES: '20' });
  expect(sourceOptions(few).limits).toMatchObject({ downloadBytes: 10, totalBytes: 20 });
});
