/** A table that a stand-in for Spark builds: the same few rows, whatever runs it. */
import { statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tableContentHash } from '../content-hash';
import { withDuckdb } from '../../../lakehouse/engines/duckdb-session';
import { copyToParquet } from '../../../lakehouse/engines/parquet-sink';
import type { CloudEngineName } from '../../../core/engine-names';
import type { Lake } from '../../../lakehouse/lake';
import { openLake, withEngine } from '../../../lakehouse/lake';
import type { JobContext } from '../../../lakehouse/ports';
import type { Snapshot } from '../../../lakehouse/snapshots';
import { ensureSnapshot } from '../../../lakehouse/snapshots';
import { column, declareTable } from '../../../lakehouse/tables';
import type { StandIn } from './stand-in';

const ROWS = 1000;

export const MADE_TABLE = declareTable({
  ...{ dataset: 'made', name: 'made', zone: 'trusted', comment: 'For tests' },
  columns: [column('n', 'bigint', 'Number')],
  ...{ key: ['n'], partitions: [], orderBy: [], inputs: ['none'], checks: [] },
  transform: { type: 'row-wise' as const, sql: 'SELECT n FROM none' },
});

/** Hash of the table's content, made without any service. */
export function madeContent({ file, rows }: StandIn): Promise<string> {
  const lake = openLake({ uri: dirname(file), duckdb: { memoryLimit: '256MB' } });
  const files = [{ key: basename(file), rows, bytes: statSync(file).size }];
  return tableContentHash(lake, { columns: MADE_TABLE.columns, files }).finally(() => lake.close());
}

/** The file that the stand-in writes. */
export async function madeRows(changes: Partial<StandIn> = {}): Promise<StandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-made-'));
  const { store, duckdb: options } = openLake({ uri: folder });
  return withDuckdb({ store, options }, async (session) => {
    const select = `SELECT range AS n FROM range(${ROWS})`;
    const [file] = await copyToParquet(session, { folder: 'made', select });
    const kept = join(folder, 'made.parquet');
    await session.connection.run(
      `COPY (${select}) TO '${kept}' (FORMAT parquet, COMPRESSION zstd)`,
    );
    return { file: kept, rows: file?.rows ?? 0, seconds: 0.3, ...changes };
  });
}

export const contextNamed = (session: string, changes: Partial<JobContext> = {}): JobContext => ({
  ...{ session, holder: `${session}/1`, report: () => undefined, isCancelled: () => false },
  ...changes,
});

/** What the activity `buildTable` does with a declared table. */
export function buildMade(
  lake: Lake,
  engine: CloudEngineName,
  job: JobContext,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const opened = withEngine(lake, engine);
  return ensureSnapshot(opened, {
    ...{ table: MADE_TABLE, inputs: {}, relations: {}, signal },
    write: (prefix) => opened.engine.build({ table: MADE_TABLE, inputs: {}, prefix, signal, job }),
  });
}

export async function untilTrue(isTrue: () => boolean | Promise<boolean>, limitMs = 30_000) {
  const untilMs = Date.now() + limitMs;
  while (!(await isTrue())) {
    if (Date.now() > untilMs) throw new Error(`it did not come true in ${limitMs / 1000} s`);
    await sleep(25);
  }
}
