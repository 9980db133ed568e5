/** Which engines a lake has. */
import { withEngine } from '../../../lakehouse/lake';
import { newLake, temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();

test('DuckDB is the usual one, and always there', () => {
  const lake = newLake(folder.path());
  expect(lake.engine.name).toBe('duckdb');
  expect(withEngine(lake, 'duckdb').engine).toBe(lake.engine);
});

test('a lake that was opened without Spark refuses it by name', () => {
  expect(() => withEngine(newLake(folder.path()), 'spark')).toThrow(
    expect.objectContaining({ code: 'INPUT_INVALID' }) as Error,
  );
});
