/** `query --engine postgres` from the command line. */
import type { Services } from '../../../cli/services';
import { run } from './fake-surroundings';

test('aggregates are read in PostgreSQL, in the same forms', async () => {
  const asked: unknown[] = [];
  const services: Partial<Services> = {
    async queryDeviceTables(_config, request) {
      asked.push(request);
      return { columns: ['day'], rows: [{ day: '2024-08-01' }], truncated: true };
    },
  };
  const words = ['query', 'SELECT 1', '--engine', 'postgres', '--limit', '1', '--format', 'csv'];
  const { stdout, stderr } = await run(words, { services });
  expect(stdout).toBe('day\n2024-08-01\n');
  expect(stderr).toContain('There are more rows than 1');
  expect(asked).toEqual([{ sql: 'SELECT 1', maximumRows: 1 }]);
});

test.each([
  [
    'postgres',
    '--dataset',
    '--dataset says nothing with --engine postgres, only with duckdb or athena.',
  ],
  ['postgres', '--workgroup', '--workgroup says nothing with --engine postgres, only with athena.'],
  ['duckdb', '--database', '--database says nothing with --engine duckdb, only with athena.'],
])('on %s %s is refused, and nothing is asked', async (engine, option, message) => {
  const { exitCode, stderr } = await run(['query', 'SELECT 1', '--engine', engine, option, 'x']);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
  expect(stderr.replace(/\s+/g, ' ')).toContain(message);
});
