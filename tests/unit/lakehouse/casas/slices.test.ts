/** Members of any size land slice by slice, and an ingest that was killed goes on where it stopped. */
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { landBulkPart } from '../../../../lakehouse/bulk/land-part';
import { bulkPartsOf, sliceBytesOf } from '../../../../lakehouse/bulk/parts';
import { sliceMember } from '../../../../lakehouse/bulk/slice-member';
import { CASAS_KIND } from '../../../../lakehouse/casas/casas-kind';
import { readLayout } from '../../../../lakehouse/casas/layout';
import { tableContentHash } from '../../../../lakehouse/content-hash';
import type { Lake } from '../../../../lakehouse/lake';
import type { IngestPlan } from '../../../../lakehouse/landing/ingest-plan';
import { entriesOf, planIngest } from '../../../../lakehouse/landing/ingest-plan';
import type { RecordingEntry } from '../../../../lakehouse/landing/recordings-layout';
import { publishLanding } from '../../../../lakehouse/landing/publish-landing';
import { openSource } from '../../../../lakehouse/sources/open-source';
import type { MadeRow } from '../../../support/casas';
import { casasFile, samples } from '../../../support/casas';
import { SECRET, keysOf, newLake, temporaryFolder, writeZip } from '../../../support/recordings';

const folder = temporaryFolder();
const START = Date.UTC(2021, 10, 7, 0, 59, 50);

async function slicesOf(chunks: readonly Buffer[], sliceBytes: number) {
  const into = await scratch();
  const cutting = { file: 'p1.csv', headerLines: 2, sliceBytes, folder: into };
  const member = await sliceMember(Readable.from(chunks), cutting);
  const slices = [];
  for await (const { path, ...facts } of member.slices()) {
    slices.push({ ...facts, text: await readFile(path, 'utf8') });
  }
  return { header: member.header, slices };
}

let scratches = 0;
async function scratch(): Promise<string> {
  const path = join(folder.path(), `slices-${(scratches += 1)}`);
  await mkdir(path);
  return path;
}

test('slices hold whole lines, all of them, and do not depend on how the stream comes', async () => {
  const line = fc.stringMatching(/^[a-z0-3_,"]{0,12}$/);
  const property = fc.asyncProperty(
    fc.array(line, { maxLength: 40 }),
    fc.integer({ min: 1, max: 60 }),
    fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 10 }),
    fc.constantFrom('\n', '\r\n'),
    async (lines, sliceBytes, sizes, end) => {
      const text = Buffer.from(['a', 'b', ...lines].join(end));
      const chunks: Buffer[] = [];
      for (let at = 0, next = 0; at < text.length; next += 1) {
        const size = sizes[next % sizes.length] as number;
        chunks.push(text.subarray(at, at + size));
        at += size;
      }
      const { header, slices } = await slicesOf(chunks, sliceBytes);
      expect(slices).toEqual((await slicesOf([text], sliceBytes)).slices);
      expect(header).toEqual(['a', 'b']);
      const body = text.toString().split(end).slice(2).join(end);
      expect(slices.map((each) => each.text).join('')).toBe(body);
      let [next, filled] = [3, 0];
      for (const { firstLine, lines: n, blankLines, text: part, quoted, grouped } of slices) {
        expect(firstLine).toBe(next);
        expect(quoted).toBe(part.includes('"'));
        expect(grouped).toBe(/[0-9]_/.test(part));
        next += n + blankLines;
        filled += n;
      }
      expect(filled).toBe(lines.filter((each) => each !== '').length);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

test('what is no text of lines is refused', async () => {
  const long = Buffer.alloc(3 * 1024 * 1024, 'x');
  await expect(slicesOf([long], 100)).rejects.toMatchObject({ code: 'CSV_MALFORMED' });
  await expect(slicesOf([Buffer.from('a\nb\n'), long], 100)).rejects.toMatchObject({
    code: 'CSV_MALFORMED',
    context: { line: 3 },
  });
});

const entry = (name: string, bytes: number): RecordingEntry =>
  ({ recording: name, member: { name, bytes, crc32: 0 } }) as RecordingEntry;

test('large members are parts of their own; ten thousand small ones are few parts', () => {
  const mib = 1024 * 1024;
  const large = bulkPartsOf([entry('a', 65 * mib), entry('b', mib), entry('c', mib)]);
  expect(large.map((part) => part.map(({ recording }) => recording))).toEqual([['a'], ['b', 'c']]);
  const small = Array.from({ length: 10_000 }, (_, at) => entry(String(at), 1000));
  expect(bulkPartsOf(small)).toHaveLength(200);
  expect(sliceBytesOf([{ bytes: 150_000 * mib }])).toBe(150 * mib);
});

/** A night with the hour that comes twice, readings, answers and lines of every kind. */
const more = (at: number): MadeRow => ({
  ...(at % 7 === 3 ? { location_type: 'home', speed: at } : {}),
  ...(at % 11 === 5 ? { battery_state: 'unplugged' } : {}),
  ...(at % 13 === 9 ? { user_activity_label: `Label ${at % 3}` } : {}),
  ...(at % 17 === 4 ? { yaw: 'x' } : {}),
});
const NIGHT = casasFile([
  ...samples(START, 101, more),
  ...samples(START - 3_600_000 + 10_100, 101, more),
  'too,short',
  ...samples(START - 3_600_000 + 60_000, 60, more),
]);

async function planned(lake: Lake, files: Record<string, string>) {
  const source = await openSource(await writeZip(folder.path(), files));
  const request = { dataset: 'wsu', source, secret: SECRET };
  const layout = await readLayout(request);
  const plan = await planIngest(lake, { ...request, kind: CASAS_KIND, layout });
  return { source, plan, entries: entriesOf(plan, 0, layout.recordings) };
}

async function landed(lake: Lake, sliceBytes: number) {
  const { source, plan, entries } = await planned(lake, { 'p1.csv': NIGHT });
  const request = { plan, part: 0, source, entries, secret: SECRET };
  const part = await landBulkPart(lake, CASAS_KIND, request, { sliceBytes });
  const { columns, files, ...manifest } = await publishLanding(lake, CASAS_KIND, plan);
  const content = await tableContentHash(lake, { columns, files });
  return { content, manifest, slices: part.files.length };
}

test('a member in many slices gives the rows that it gives in one', async () => {
  const whole = await landed(newLake(folder.path()), 1e9);
  expect(whole.slices).toBe(1);
  for (const sliceBytes of [2000, 9000]) {
    const cut = await landed(newLake(folder.path()), sliceBytes);
    expect(cut.slices).toBeGreaterThan(2);
    expect(cut.content).toBe(whole.content);
    const { rows, inputRows, quarantined, firstProblems } = whole.manifest;
    expect(cut.manifest).toMatchObject({ rows, inputRows, quarantined });
    expect(cut.manifest.firstProblems).toEqual(firstProblems);
  }
}, 120_000);

/** A store that dies after so many objects; what is there already stays. */
function dyingAfter(lake: Lake, puts: number): Lake {
  let left = puts;
  const store = {
    ...lake.store,
    put: async (...given: Parameters<Lake['store']['put']>) => {
      if ((left -= 1) < 0) throw new Error('killed');
      return lake.store.put(...given);
    },
  };
  return { ...lake, store };
}

const slicesIn = async (lake: Lake, plan: IngestPlan): Promise<string[]> =>
  (await keysOf(lake, `landing/wsu/ingests/${plan.ingestId}/`)).filter((key) =>
    /-\d+\.json$/.test(key),
  );

test('a landing that was killed converts only the slices that it had not converted', async () => {
  const lake = newLake(folder.path());
  const { source, plan, entries } = await planned(lake, { 'p1.csv': NIGHT });
  const request = { plan, part: 0, source, entries, secret: SECRET };
  const options = { sliceBytes: 4000 };
  const killed = landBulkPart(dyingAfter(lake, 3), CASAS_KIND, request, options);
  await expect(killed).rejects.toThrow('killed');
  expect(await slicesIn(lake, plan)).toHaveLength(3);
  const files = (await keysOf(lake)).filter((key) => key.includes('/data/'));

  let converted = 0;
  const counting = {
    ...lake,
    store: {
      ...lake.store,
      adopt: async (key: string, file: string) => {
        if (key.includes('/data/')) converted += 1;
        return lake.store.adopt(key, file);
      },
    },
  };
  const part = await landBulkPart(counting, CASAS_KIND, request, options);
  expect(converted).toBe(part.files.length - 3);
  const first = part.files.slice(0, 3).map(({ key }) => key);
  expect(files).toEqual(expect.arrayContaining(first));
  const manifest = await publishLanding(lake, CASAS_KIND, plan);
  const whole = await landed(newLake(folder.path()), 1e9);
  expect(await tableContentHash(lake, manifest)).toBe(whole.content);
  expect(await readdir(join(dirname(fileURLToPath(lake.store.uriOf('x'))), '.scratch'))).toEqual(
    [],
  );
}, 60_000);
