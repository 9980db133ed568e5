/** What is put aside of a file is the line as it is written, whichever way the file is read. */
import { landBulkPart } from '../../../../lakehouse/bulk/land-part';
import { CASAS_KIND } from '../../../../lakehouse/casas/casas-kind';
import { readLayout } from '../../../../lakehouse/casas/layout';
import {
  DEFAULT_DUCKDB,
  literal,
  rowsOf,
  withDuckdb,
} from '../../../../lakehouse/engines/duckdb-session';
import { entriesOf, planIngest } from '../../../../lakehouse/landing/ingest-plan';
import { publishLanding } from '../../../../lakehouse/landing/publish-landing';
import { openSource } from '../../../../lakehouse/sources/open-source';
import type { MadeRow } from '../../../support/casas';
import { casasFile, samples } from '../../../support/casas';
import {
  SECRET,
  newLake,
  temporaryFolder,
  writeFolder,
  writeZip,
} from '../../../support/recordings';

const folder = temporaryFolder();

/** Number and text of every line of the file that was put aside. */
async function putAside(from: string, sliceBytes: number) {
  const lake = newLake(folder.path());
  const source = await openSource(from);
  const request = { dataset: 'wsu', source, secret: SECRET };
  const layout = await readLayout(request);
  const plan = await planIngest(lake, { ...request, kind: CASAS_KIND, layout });
  const entries = entriesOf(plan, 0, layout.recordings);
  const part = { plan, part: 0, source, entries, secret: SECRET };
  await landBulkPart(lake, CASAS_KIND, part, { sliceBytes });
  const { quarantineFiles } = await publishLanding(lake, CASAS_KIND, plan);
  const paths = await Promise.all(quarantineFiles.map(({ key }) => lake.store.localPath(key)));
  return withDuckdb({ store: lake.store, options: DEFAULT_DUCKDB }, (session) =>
    rowsOf(
      session,
      `SELECT source_line::INTEGER AS line, raw
        FROM read_parquet([${paths.map(literal).join(', ')}]) ORDER BY 1`,
    ),
  );
}

// Every seventh yaw is no number; no line is one that cannot be split at its commas.
const yaw = (at: number): MadeRow => (at % 7 === 4 ? { yaw: 'x' } : {});
const [columns = '', types = '', ...BODY] = casasFile(
  samples(Date.UTC(2021, 10, 7), 80, yaw),
).split('\n');
const HEADER = [columns, types];
const withComma = (line: string): string => (line === '' ? line : `${line},`);

test.each<[string, readonly string[], string]>([
  ['as they are made', BODY, '\n'],
  ['with a comma more', BODY.map(withComma), '\n'],
  [
    'of which some have a comma more',
    BODY.map((line, at) => (at % 2 ? withComma(line) : line)),
    '\n',
  ],
  ['with a comma more and returns', BODY.map(withComma), '\r\n'],
  ['with a comma more, beside one that is too short', ['a,b', ...BODY.map(withComma)], '\n'],
])('lines %s', async (_what, body, end) => {
  const lines = [...HEADER, ...body];
  const files = { 'p1.csv': lines.join(end) };
  const isBad = (line: string): boolean => line.includes(',x,') || line === 'a,b';
  const written = lines.flatMap((raw, at) => (isBad(raw) ? [{ line: at + 1, raw }] : []));
  expect(written.length).toBeGreaterThan(10);
  const archive = await writeZip(folder.path(), files);
  // In one slice, in several, and where it lies.
  for (const sliceBytes of [1e9, 4_000, 1_000]) {
    const found = await putAside(archive, sliceBytes);
    expect({ sliceBytes, found }).toEqual({ sliceBytes, found: written });
  }
  expect(await putAside(await writeFolder(folder.path(), files), 1e9)).toEqual(written);
});
