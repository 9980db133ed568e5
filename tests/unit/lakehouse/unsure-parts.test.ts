/** That a part has landed is written, and the answer is lost: nobody can tell, and the next attempt goes on from it. */
import { entriesOf, planIngest } from '../../../lakehouse/landing/ingest-plan';
import { landPart } from '../../../lakehouse/landing/land-part';
import { RECORDINGS_KIND as kind } from '../../../lakehouse/landing/landing-table';
import { publishLanding } from '../../../lakehouse/landing/publish-landing';
import { readLayout } from '../../../lakehouse/landing/recordings-layout';
import type { Store } from '../../../lakehouse/ports';
import { openSource } from '../../../lakehouse/sources/open-source';
import {
  archiveFiles,
  keysOf,
  newLake,
  SECRET,
  temporaryFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();

test.each([
  ['written', true],
  ['not written', false],
])('a part whose end was %s, with its answer lost', async (_, isWritten) => {
  const lake = newLake(folder.path());
  const source = await openSource(
    await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }])),
  );
  const layout = await readLayout(source);
  const plan = await planIngest(lake, { kind, dataset: 'watch', source, layout, secret: SECRET });
  const entries = entriesOf(plan, 0, layout.recordings);
  const request = { plan, part: 0, source, entries, secret: SECRET };
  const put: Store['put'] = async (key, ...rest) => {
    const isEnd = key.endsWith('/0.json');
    if (!isEnd || isWritten) await lake.store.put(key, ...rest);
    if (isEnd) throw new Error('socket hang up');
  };
  const unsure = landPart({ ...lake, store: { ...lake.store, put } }, request);
  await expect(unsure).rejects.toThrow('socket hang up');
  expect((await landPart(lake, request)).recordings).toMatchObject([{ rows: 500 }]);
  expect((await publishLanding(lake, kind, plan)).rows).toBe(500);
  const left = await keysOf(lake, 'landing/watch/ingests/');
  expect(left.filter((key) => !key.includes('/plan-'))).toEqual([]);
  await source.close();
});
