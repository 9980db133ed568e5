/** Rows that take more memory than DuckDB may have are written, in their order, whatever order they were made in. */
import { openLake } from '../../../lakehouse/lake';
import { rowGroupRowsFor } from '../../../lakehouse/engines/parquet-sink';
import { writeRows } from '../../../lakehouse/publish';
import { storedRows } from '../../../lakehouse/stored-rows';
import type { RowsTransform, TableDeclaration } from '../../../lakehouse/tables';
import { column, declareTable } from '../../../lakehouse/tables';
import { temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();

const ROWS = 27_000;
const WIDTH = 250;
const DEVICES = 3;

const table: TableDeclaration<RowsTransform> = declareTable({
  dataset: 'watch',
  name: 'things',
  zone: 'curated',
  comment: 'For tests',
  columns: [
    column('id', 'string', 'Id'),
    column('device', 'string', 'Device'),
    column('at', 'bigint', 'Moment'),
    column('parts', 'float-list', 'Parts', { required: false }),
  ],
  key: ['id'],
  partitions: [],
  orderBy: ['device', 'at'],
  inputs: [],
  transform: { type: 'rows', recipe: 1 },
  checks: [],
});

const thing = (device: number, at: number, id = `${device}-${at}`) =>
  [id, `d${device}`, at, new Float32Array(WIDTH).fill(at)] as const;

/** Device by device, each in the order of its clock. */
function* inOrder() {
  for (let row = 0; row < ROWS; row += 1) {
    yield thing(Math.floor((row * DEVICES) / ROWS), row % (ROWS / DEVICES));
  }
}

/** As devices send side by side. */
function* interleaved() {
  for (let row = 0; row < ROWS; row += 1) yield thing(row % DEVICES, Math.floor(row / DEVICES));
}

// The rows take a third more.
const smallLake = () =>
  openLake({ uri: folder.path(), duckdb: { memoryLimit: '20MB', threads: 2 } });

async function placesOf(rows: () => Iterable<readonly [string, string, number, Float32Array]>) {
  const lake = smallLake();
  const { manifest } = await writeRows(lake, { table, inputs: { made: rows.name }, rows });
  const sql = 'SELECT device, CAST("at" AS DOUBLE), parts[1], len(parts) FROM things';
  const places: string[] = [];
  for await (const [device, at, first] of storedRows(lake, { from: { things: manifest }, sql })) {
    expect(first).toBe(at);
    places.push(`${String(device)} ${String(at)}`);
  }
  return { manifest, places };
}

const EXPECTED = Array.from(inOrder(), ([, device, at]) => `${device} ${at}`);

test('rows that were made in their order', async () => {
  const { manifest, places } = await placesOf(inOrder);
  expect(manifest.files).toHaveLength(1);
  expect(places).toEqual(EXPECTED);
});

test('rows that were made in another one', async () => {
  const { manifest, places } = await placesOf(interleaved);
  expect(manifest.files.length).toBeGreaterThan(1);
  expect(places).toEqual(EXPECTED);
});

test('of the rows with one key the one that was made first', async () => {
  function* again() {
    yield* interleaved();
    for (let at = 0; at < 10; at += 1) yield thing(9, at, `0-${at}`);
  }
  const lake = smallLake();
  const { manifest } = await writeRows(lake, {
    ...{ table, inputs: { made: again.name }, rows: again, repeated: 'made-again' },
  });
  expect(manifest).toMatchObject({ rows: ROWS, dropped: { 'made-again': 10 } });
});

test('rows of many groups, which several threads would write as they come', async () => {
  function* many() {
    for (let at = 0; at < 400_000; at += 1) yield [String(at), 'd', at, null] as const;
  }
  const lake = openLake({ uri: folder.path() });
  const { manifest } = await writeRows(lake, { table, inputs: { made: many.name }, rows: many });
  const sql = `SELECT count(*) FILTER (WHERE is_behind)
    FROM (SELECT "at" < lag("at") OVER () AS is_behind FROM things)`;
  const counted = storedRows(lake, { from: { things: manifest }, sql });
  for await (const [behind] of counted) expect(behind).toBe(0n);
});

test('a group of long rows has fewer of them', () => {
  const groupBytes = 16_000_000;
  expect(rowGroupRowsFor({ rows: 1000, bytes: 30_000 }, groupBytes)).toBe(122_880);
  expect(rowGroupRowsFor({ rows: 1000, bytes: 1_000_000 }, groupBytes)).toBe(7 * 2048);
  expect(rowGroupRowsFor({ rows: 10, bytes: 10_000_000 }, groupBytes)).toBe(2048);
  expect(rowGroupRowsFor({ rows: 0, bytes: 0 }, groupBytes)).toBe(2048);
});
