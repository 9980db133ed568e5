/** Members of any size land slice by slice, and an ingest that was killed goes on where it stopped. */
import { appendFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { BulkOptions } from '../../../../lakehouse/bulk/land-part';
import { landBulkPart } from '../../../../lakehouse/bulk/land-part';
import { bulkPartsOf, sliceBytesOf } from '../../../../lakehouse/bulk/parts';
import { sliceMember } from '../../../../lakehouse/bulk/slice-member';
import { writeWithMarks } from '../../../../lakehouse/sources/stray-returns';
import type { SliceToLand } from '../../../../lakehouse/bulk/slices-to-parquet';
import { slicesToParquet } from '../../../../lakehouse/bulk/slices-to-parquet';
import { CASAS_KIND } from '../../../../lakehouse/casas/casas-kind';
import { readLayout } from '../../../../lakehouse/casas/layout';
import { tableContentHash } from '../../../support/content-hash';
import { DEFAULT_DUCKDB, withDuckdb } from '../../../../lakehouse/engines/duckdb-session';
import type { Lake } from '../../../../lakehouse/lake';
import type { IngestPlan } from '../../../../lakehouse/landing/ingest-plan';
import { entriesOf, planIngest } from '../../../../lakehouse/landing/ingest-plan';
import type { RecordingEntry } from '../../../../lakehouse/landing/recordings-layout';
import { publishLanding } from '../../../../lakehouse/landing/publish-landing';
import { QUARANTINE_COLUMNS } from '../../../../lakehouse/quarantine';
import { openSource } from '../../../../lakehouse/sources/open-source';
import type { MadeRow } from '../../../support/casas';
import { casasFile, samples } from '../../../support/casas';
import {
  SECRET,
  keysOf,
  newLake,
  temporaryFolder,
  writeFolder,
  writeZip,
} from '../../../support/recordings';

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
  const line = fc.stringMatching(/^[a-z0-3_,"\r]{0,12}$/);
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
      const body = text.toString().split('\n').slice(2).join('\n');
      expect(slices.map((each) => each.text).join('')).toBe(body);
      let [next, filled] = [3, 0];
      for (const { firstLine, lines: n, blankLines, text: part, ahead, ...has } of slices) {
        expect(firstLine).toBe(next);
        const behind = body.split('\n').slice(next - 3 + n + blankLines);
        expect(ahead.toString()).toBe(behind.join('\n'));
        expect(has.quoted).toBe(part.includes('"'));
        expect(has.grouped).toBe(/[0-9]_/.test(part));
        expect(has.strayReturns).toBe(/\r(?!\n|$)/.test(part));
        next += n + blankLines;
        filled += n;
      }
      expect(filled).toBe(body.split('\n').filter((each) => !/^\r?$/.test(each)).length);
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

test.each([0, 1, 2, 3])(
  'returns inside a line are marked, those at its end go, however a file is cut (%i)',
  async (shift) => {
    const into = await scratch();
    const [from, to] = [join(into, 'from'), join(into, 'to')];
    const long = 'x'.repeat(64 * 1024 - shift);
    await writeFile(from, `${long}\r\ry\r\n${long}\r\n\rz`);
    await writeWithMarks(from, to);
    const mark = '\ufdd0';
    expect(await readFile(to, 'utf8')).toBe(`${long}${mark}${mark}y\n${long}\n${mark}z`);
  },
);

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

test('lines that are not all found again are a fault of the file, and not tried for a day', async () => {
  const text = Buffer.from(casasFile(samples(START, 3)));
  const cutting = { file: 'p1.csv', headerLines: 2, sliceBytes: 1e9, folder: await scratch() };
  const member = await sliceMember(Readable.from([text]), cutting);
  const header = CASAS_KIND.readHeader('p1.csv', member.header, []);
  const made = { subject: 'p1', device: 'p1', file: 'p1.csv' };
  const of = { entry: { ...entry('p1', text.length), ...made }, header, subjectKey: 'key' };
  const toLand: SliceToLand[] = [];
  for await (const slice of member.slices()) {
    toLand.push({
      ...of,
      file: 'p1.csv',
      ...{ before: null, held: null, nextMs: null },
      slice: { ...slice, lines: slice.lines + 1 },
    });
  }
  const { store } = newLake(folder.path());
  const landing = withDuckdb({ store, options: DEFAULT_DUCKDB }, (session) =>
    slicesToParquet(session, CASAS_KIND, toLand),
  );
  await expect(landing).rejects.toMatchObject({
    code: 'CSV_MALFORMED',
    context: { file: 'p1.csv', line: 3, detail: '3 of 4 lines were found again' },
  });
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

async function planned(lake: Lake, from: string) {
  const source = await openSource(from);
  const request = { dataset: 'wsu', source, secret: SECRET };
  const layout = await readLayout(request);
  const plan = await planIngest(lake, { ...request, kind: CASAS_KIND, layout });
  return { source, plan, entries: entriesOf(plan, 0, layout.recordings) };
}

const zipped = (): Promise<string> => writeZip(folder.path(), { 'p1.csv': NIGHT });

async function landed(lake: Lake, options: BulkOptions, from?: string) {
  const { source, plan, entries } = await planned(lake, from ?? (await zipped()));
  const request = { plan, part: 0, source, entries, secret: SECRET };
  const part = await landBulkPart(lake, CASAS_KIND, request, options);
  const { columns, files, ...manifest } = await publishLanding(lake, CASAS_KIND, plan);
  const content = await tableContentHash(lake, { columns, files });
  const bad = { columns: QUARANTINE_COLUMNS, files: manifest.quarantineFiles };
  const quarantine = await tableContentHash(lake, bad);
  return { content, manifest, quarantine, slices: part.files.length };
}

test('a member in many slices gives the rows that it gives in one', async () => {
  const whole = await landed(newLake(folder.path()), { sliceBytes: 1e9 });
  expect(whole.slices).toBe(1);
  for (const sliceBytes of [2000, 9000]) {
    const cut = await landed(newLake(folder.path()), { sliceBytes });
    expect(cut.slices).toBeGreaterThan(2);
    expect(cut.content).toBe(whole.content);
    const { rows, inputRows, quarantined, firstProblems } = whole.manifest;
    expect(cut.manifest).toMatchObject({ rows, inputRows, quarantined });
    expect(cut.manifest.firstProblems).toEqual(firstProblems);
  }
}, 120_000);

const HOUR = 3_600_000;
const strayBy = (byMs: number): MadeRow[] => [
  ...samples(START, 3, more),
  ...samples(START + 300 + byMs, 1, () => ({ location_type: 'home', user_activity_label: 'Cook' })),
  ...samples(START + 400, 3, more),
];

test.each<[string, readonly (MadeRow | string)[]]>([
  ['far ahead', strayBy(400 * 24 * HOUR)],
  ['far behind', strayBy(-400 * 24 * HOUR)],
  ['some hours ahead', strayBy(5 * HOUR)],
  ['some hours behind', strayBy(-5 * HOUR)],
  [
    'an hour ahead, before a line that is no row',
    [...strayBy(HOUR).slice(0, 4), 'too,short', ...strayBy(0).slice(4)],
  ],
  ['at the beginning', [...samples(START + 5 * HOUR, 1), ...samples(START, 4)]],
  ['far ahead at the beginning', [...samples(START + 90 * 24 * HOUR, 1), ...samples(START, 4)]],
  [
    'behind a clock that was put back',
    [
      ...samples(START, 2),
      ...samples(START - HOUR + 200, 2),
      ...samples(START + 4 * HOUR, 1),
      ...samples(START - HOUR + 500, 2),
    ],
  ],
  [
    'twice',
    [
      ...strayBy(5 * HOUR).slice(0, 5),
      ...samples(START + 500 - 3 * HOUR, 1),
      ...samples(START + 600, 2),
    ],
  ],
])(
  'a stamp astray (%s) is the same row wherever the member is cut',
  async (_what, rows) => {
    const text = casasFile(rows);
    const from = await writeZip(folder.path(), { 'p1.csv': text });
    const whole = await landed(newLake(folder.path()), { sliceBytes: 1e9 }, from);
    const lines = text.split('\n').slice(2, -1);
    const cutAfter = (rows: number): number => lines.slice(0, rows).join('\n').length;
    // Each line by itself, and behind the stray one or before it.
    for (const sliceBytes of [1, cutAfter(4), cutAfter(3)]) {
      const cut = await landed(newLake(folder.path()), { sliceBytes }, from);
      expect(cut.slices).toBeGreaterThan(1);
      expect({ sliceBytes, content: cut.content }).toEqual({ sliceBytes, content: whole.content });
    }
  },
  60_000,
);

const LINES = NIGHT.split('\n');
const GOOD = casasFile(samples(START, 300)).split('\n');
const headed = (end: string, lines: readonly string[], bodyEnd: string): string =>
  `${lines.slice(0, 2).join(end)}${end}${lines.slice(2).join(bodyEnd)}`;

test.each<[string, string | Buffer]>([
  ['as it is made', NIGHT],
  ['of good lines alone', GOOD.join('\n')],
  ['without an end', NIGHT.trimEnd()],
  ['with returns', headed('\r\n', LINES, '\r\n')],
  ['of good lines with returns', headed('\r\n', GOOD, '\r\n')],
  ['with returns in its header alone', headed('\r\n', GOOD, '\n')],
  ['with returns behind its header', headed('\n', GOOD, '\r\n')],
  ['with a mark of its order', `\ufeff${GOOD.join('\n')}`],
  ['with blank lines', [...GOOD.slice(0, 2), '', ...GOOD.slice(2, 9), '', ''].join('\n')],
  ['with a return inside its header', GOOD.join('\n').replace('vertical_acc', 'a\racc')],
  ['with a return inside a line', NIGHT.replace('too,short', 'too\rshort')],
  ['with a quote', NIGHT.replace('too,short', '"too,short')],
  ['with bytes that are no text', Buffer.from(NIGHT.replace('too', '\xe9'), 'latin1')],
])('a local file %s is read where it lies, and gives the rows of its copy', async (_what, text) => {
  const from = await writeFolder(folder.path(), { 'p1.csv': '' });
  await writeFile(join(from, 'p1.csv'), text);
  const copied = await landed(newLake(folder.path()), { wholeBytes: 0 }, from);
  const whole = await landed(newLake(folder.path()), {}, from);
  expect(whole.content).toBe(copied.content);
  expect(whole.quarantine).toBe(copied.quarantine);
  expect(whole.manifest.firstProblems).toEqual(copied.manifest.firstProblems);
  expect(await readFile(join(from, 'p1.csv'))).toEqual(Buffer.from(text));
});

test('a local file that is written to while it is read is refused, and nothing of it lands', async () => {
  const from = await writeFolder(folder.path(), { 'p1.csv': NIGHT });
  const lake = newLake(folder.path());
  const { source, plan, entries } = await planned(lake, from);
  const checkUnchanged = async (name: string) => {
    // Its lines have been counted, and DuckDB has read it.
    await appendFile(join(from, 'p1.csv'), 'more\n');
    await source.checkUnchanged?.(name);
  };
  const request = { plan, part: 0, source: { ...source, checkUnchanged }, entries, secret: SECRET };
  await expect(landBulkPart(lake, CASAS_KIND, request)).rejects.toMatchObject({
    code: 'SOURCE_CHANGED',
  });
  expect(await slicesIn(lake, plan)).toEqual([]);
});

test('a local file whose bytes are others than those that were measured is refused', async () => {
  const from = await writeFolder(folder.path(), { 'p1.csv': NIGHT });
  const lake = newLake(folder.path());
  const { source, plan, entries } = await planned(lake, from);
  // Of the same length, and as if it were of the same time: only its checksum tells.
  await writeFile(
    join(from, 'p1.csv'),
    NIGHT.replace(/\d(?=\D*$)/, (digit) => `${9 - +digit}`),
  );
  const same = { ...source, checkUnchanged: async () => undefined };
  const request = { plan, part: 0, source: same, entries, secret: SECRET };
  await expect(landBulkPart(lake, CASAS_KIND, request)).rejects.toMatchObject({
    code: 'SOURCE_CHANGED',
  });
  expect(await slicesIn(lake, plan)).toEqual([]);
});

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
  const { source, plan, entries } = await planned(lake, await zipped());
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
  const whole = await landed(newLake(folder.path()), { sliceBytes: 1e9 });
  expect(await tableContentHash(lake, manifest)).toBe(whole.content);
  expect(await readdir(join(dirname(fileURLToPath(lake.store.uriOf('x'))), '.scratch'))).toEqual(
    [],
  );
}, 60_000);
