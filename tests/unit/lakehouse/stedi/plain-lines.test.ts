/** Lines that are plain: each is an object of the declared fields, whatever DuckDB's reader would make of others. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SOURCE_FIELDS } from '../../../../lakehouse/stedi/fields';
import { countPlainLines } from '../../../../lakehouse/stedi/plain-lines';

const MOMENT = 1_655_564_444_103;
const GOOD = `{"user":"a@b.c","timestamp":${MOMENT},"x":1.0,"y":-0.5e-3,"z":0}`;

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'watchlake-plain-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function count(text: string | Buffer): Promise<number | null> {
  const path = join(folder, 'lines.json');
  await writeFile(path, text);
  return countPlainLines(path, SOURCE_FIELDS.accelerometer);
}

const withValue = (name: string, value: string): string =>
  GOOD.replace(new RegExp(`"${name}":[^,}]*`), `"${name}":${value}`);

test.each([
  ['no line', '', 0],
  ['one that does not end', GOOD, 1],
  ['ends of Windows', `${GOOD}\r\n${GOOD}\r\n`, 2],
  ['blanks after the marks', `${GOOD.replaceAll(/([:,])/g, '$1 ')}\n`, 1],
  ['another order of the keys', `{"z":0,"y":1,"x":2,"timestamp":${MOMENT},"user":"é@b.c"}\n`, 1],
])('%s', async (_, text, lines) => {
  expect(await count(text)).toBe(lines);
});

test('lines across the borders of what is read at once', async () => {
  expect(await count(`${GOOD}\n`.repeat(20_000))).toBe(20_000);
});

// Each of these DuckDB reads as a value of the field's type, or might.
test.each([
  ['a number as text', withValue('x', '"0.5"')],
  ['a truth as a number', withValue('x', 'true')],
  ['a number as a name', withValue('user', '5')],
  ['a truth as a name', withValue('user', 'true')],
  ['an object as a name', withValue('user', '{"a":1}')],
  ['an epoch with a fraction', withValue('timestamp', '1655564444103.5')],
  ['an epoch with an exponent', withValue('timestamp', '1.6e12')],
  ['an epoch as text', withValue('timestamp', `"${MOMENT}"`)],
  ['an epoch in seconds', withValue('timestamp', '1655564444')],
  ['no number', withValue('x', 'NaN')],
  ['a number as no JSON has it', withValue('x', '.5')],
  ['null', withValue('x', 'null')],
  ['an escape', withValue('user', '"a\\u0041"')],
  ['the mark of a broken character', withValue('user', '"a\ufffd"')],
  ['a blank before a name', withValue('user', '" a"')],
  ['nothing as a name', withValue('user', '""')],
  ['a field too many', GOOD.replace('}', ',"more":1}')],
  ['a field too few', GOOD.replace(',"z":0', '')],
  ['a field twice', GOOD.replace('"z":0', '"z":0,"z":1')],
  ['half a line', GOOD.slice(0, 30)],
  ['two objects on a line', `${GOOD}${GOOD}`],
  ['a blank line', ''],
  ['blanks where the first line has none', GOOD.replaceAll(',', ', ')],
  ['a line feed within a text', withValue('user', '"a\nb"')],
  ['a line longer than what is read at once', withValue('user', `"${'a'.repeat(2_000_000)}"`)],
])('%s is looked at more closely, wherever it stands', async (_, line) => {
  expect(await count(`${GOOD}\n${line}\n${GOOD}\n`)).toBeNull();
  if (line !== '' && !line.includes(', ')) expect(await count(`${line}\n${GOOD}\n`)).toBeNull();
});

test('fields that may be absent are never plain', async () => {
  const path = join(folder, 'customers.json');
  await writeFile(path, '');
  expect(await countPlainLines(path, SOURCE_FIELDS.customer)).toBeNull();
});
