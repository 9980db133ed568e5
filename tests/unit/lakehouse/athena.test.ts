/** What follows from Athena's answers: states, costs, and which statements read. */
import { refuseWriting } from '../../../lakehouse/engines/athena';
import { athenaCost, DEFAULT_PRICE_PER_TB } from '../../../lakehouse/engines/athena-cost';
import { classifyQuery, statusOf } from '../../../lakehouse/engines/athena-status';

const classified = (State: string, StateChangeReason = '') =>
  classifyQuery(statusOf({ Status: { State, StateChangeReason } as never }));

test.each([
  ['QUEUED', '', 'wait'],
  ['RUNNING', '', 'wait'],
  ['PAUSED', '', 'wait'],
  ['SUCCEEDED', '', 'done'],
  ['FAILED', 'SYNTAX_ERROR', 'failed'],
  ['CANCELLED', '', 'failed'],
  ['CANCELLED', 'Query cancelled! : Bytes scanned limit was exceeded', 'too-large'],
])('%s (%s) means %s', (state, reason, verdict) => {
  expect(classified(state, reason)).toBe(verdict);
});

const MB = 2 ** 20;
const TB = 2 ** 40;

test.each([
  ['DML', TB, 5],
  ['DML', 3 * TB, 15],
  ['DML', 0, (10 * MB * 5) / TB],
  ['DML', 20 * MB + 1, (21 * MB * 5) / TB],
  ['DDL', TB, 0],
  ['UTILITY', 0, 0],
  // EXPLAIN ANALYZE
  ['UTILITY', TB, 5],
])('%s of %d bytes costs %d dollars', (statement, scannedBytes, dollars) => {
  expect(athenaCost({ statement, scannedBytes })).toBeCloseTo(dollars, 12);
});

test('costs what the region charges', () => {
  const read = { statement: 'DML', scannedBytes: TB };
  expect(athenaCost(read, 2 * DEFAULT_PRICE_PER_TB)).toBe(10);
});

test.each([
  'SELECT 1',
  '  -- a remark\n(SELECT 1)',
  '/* WITH */ with a AS (SELECT 1) SELECT * FROM a',
  'EXPLAIN SELECT 1',
  'explain analyze (FORMAT JSON) select 1',
  'SHOW TABLES',
  'describe t',
  'VALUES 1',
])('reads: %s', (sql) => {
  expect(() => refuseWriting(sql)).not.toThrow();
});

test.each([
  'DELETE FROM t',
  'CREATE TABLE t AS SELECT 1',
  '-- SELECT\nDROP TABLE t',
  'EXPLAIN ANALYZE INSERT INTO t SELECT 1',
  "UNLOAD (SELECT 1) TO 's3://x/'",
  'MSCK REPAIR TABLE t',
  'selection',
  '',
])('does not only read: %s', (sql) => {
  expect(() => refuseWriting(sql)).toThrow('begin with');
});
