/** The bare SQL of the STEDI bench names nothing that the bench does not make: else it fails after the first leg. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  NO_QUARANTINE,
  bareSources,
  bareTables,
  keptSelect,
  preparedFor,
} from '../../../bench/stedi-sql';
import { SOURCE_NAMES } from '../../../lakehouse/stedi/fields';
import { temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();

test('every table is made of what stands before it', async () => {
  for (const name of SOURCE_NAMES) {
    mkdirSync(join(folder.path(), name));
    writeFileSync(join(folder.path(), name, 'a.json'), '');
  }
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  for (const { table, fields, more } of bareSources(folder.path(), 'duckdb')) {
    const empty = fields.map(([name, type]) => `CAST(NULL AS ${type}) AS "${name}"`).join(', ');
    const all = ['r.*', ...more, "'a' AS source_file", '1 AS source_line'].join(', ');
    await connection.run(`CREATE TABLE ${table} AS SELECT ${all} FROM (SELECT ${empty}) r LIMIT 0`);
  }
  await connection.run(`CREATE VIEW ${NO_QUARANTINE.name} AS ${NO_QUARANTINE.select}`);
  const tables = bareTables();
  expect(tables.length).toBe(5);
  for (const table of tables) {
    for (const [name, select] of preparedFor(table)) {
      await connection.run(`CREATE TEMP TABLE ${name} AS ${select}`);
    }
    await connection.run(`CREATE TABLE ${table.name} AS ${keptSelect(table)}`);
  }
});
