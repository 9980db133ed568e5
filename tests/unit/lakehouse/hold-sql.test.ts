/** In tables people are found as in texts, whatever the case of their letters. */
import { DuckDBInstance } from '@duckdb/node-api';
import { folded, foldedSql } from '../../../core/letters';
import { literal } from '../../../lakehouse/engines/duckdb-session';
import { lineHoldsSql, textHoldsSql } from '../../../lakehouse/erasure/hold-sql';

async function valueOf(sql: string): Promise<unknown> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const [[value] = []] = (await connection.runAndReadAll(`SELECT ${sql}`)).getRows();
  return value;
}

const NAMES = ['ÖMER YILMAZ', 'Łukasz Wójcik', 'İBRAHİM ŞAHİN', 'ΟΔΥΣΣΕΥΣ ΠΑΠΑΣ', 'ann lee'];

test.each(NAMES)('%s', async (name) => {
  expect(await valueOf(foldedSql(literal(name)))).toBe(folded(name));
  const needles = { texts: [folded(name)], values: [] };
  expect(await valueOf(textHoldsSql(literal(`a ${name} b`), needles))).toBe(true);
  expect(await valueOf(textHoldsSql(literal('somebody else'), needles))).toBe(false);
});

const spelled = (name: string): string =>
  name.replace(/[^ -~]|[a-f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

test.each(NAMES)('%s where letters are escapes', async (name) => {
  const needles = { texts: [folded(name)], values: [] };
  const nobody = { texts: [], values: [] };
  for (const text of [spelled(name), spelled(name.toLowerCase().replaceAll('i̇', 'i'))]) {
    const line = `{"name":"${text}"}`;
    expect(await valueOf(textHoldsSql(literal(line), needles))).toBe(true);
    expect(await valueOf(textHoldsSql(literal(JSON.stringify({ line })), needles))).toBe(true);
    expect(await valueOf(lineHoldsSql(literal(line), nobody, [name]))).toBe(true);
    expect(await valueOf(lineHoldsSql(literal(line), nobody, [name.slice(1)]))).toBe(false);
  }
});
