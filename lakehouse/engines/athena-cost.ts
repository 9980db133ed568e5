/** What a query on Athena costs: by the bytes that it reads. */

/**
 * US dollars for each terabyte (2^40 bytes) read, in most regions:
 * https://aws.amazon.com/athena/pricing/ (SQL queries, on demand). An option, as regions differ.
 */
export const DEFAULT_PRICE_PER_TB = 5;

const MB = 2 ** 20;
const TB = 2 ** 40;
const LEAST_MB = 10;

export interface Costly {
  readonly statement: string;
  readonly scannedBytes: number;
}

/**
 * Rounded up to whole megabytes, ten at least. Other statements than DML are free, but for EXPLAIN ANALYZE, which runs the
 * query and is a UTILITY that has read: https://docs.aws.amazon.com/athena/latest/ug/athena-explain-statement.html
 */
export function athenaCost(
  { statement, scannedBytes }: Costly,
  pricePerTb: number = DEFAULT_PRICE_PER_TB,
): number {
  const isExplained = statement === 'UTILITY' && scannedBytes > 0;
  if (statement !== 'DML' && !isExplained) return 0;
  const megabytes = Math.max(LEAST_MB, Math.ceil(scannedBytes / MB));
  return (megabytes * MB * pricePerTb) / TB;
}
