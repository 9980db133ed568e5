/** Publishes a table whose rows our own code makes, by the same path as one that SQL makes. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { withDuckdb } from './engines/duckdb-session';
import { copyInOrder } from './engines/ordered-rows';
import { adoptFiles, rowsIn } from './engines/parquet-sink';
import type { Cell } from './engines/row-appender';
import { createRowAppender } from './engines/row-appender';
import type { Lake } from './lake';
import type { BuildOutcome, Relation } from './ports';
import type { Snapshot } from './snapshots';
import type { Replaced } from './published';
import { publishSnapshot } from './published';
import { ensureSnapshot } from './snapshots';
import type { RowsTransform, TableDeclaration } from './tables';

export interface WriteRowsRequest {
  readonly table: TableDeclaration<RowsTransform>;
  /** What decides the content: snapshot ids or content hashes, by name. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Called only when there is no such snapshot yet. Cells in the order of the declared columns. */
  readonly rows: () => AsyncIterable<readonly Cell[]> | Iterable<readonly Cell[]>;
  /** Rows of the driving input; without it every row made counts as one. */
  readonly inputRows?: number;
  /** The rule by which a row goes whose key an earlier row has; without it such a row breaks a check. */
  readonly repeated?: string;
  /** What was left out beside, by rule; asked for when all rows were made. */
  readonly dropped?: () => Readonly<Record<string, number>>;
  /** As a function: asked for when all rows were made. */
  readonly facts?: Readonly<Record<string, unknown>> | (() => Readonly<Record<string, unknown>>);
  readonly relations?: Readonly<Record<string, Relation>>;
  readonly signal?: AbortSignal;
  /** Called every now and then with the number of rows so far. */
  readonly onRows?: (rows: number) => void;
}

const ROWS_BETWEEN_REPORTS = 500;

async function writeFiles(
  { store, duckdb: options }: Lake,
  prefix: string,
  { table, rows, inputRows, repeated, signal, onRows, ...request }: WriteRowsRequest,
): Promise<BuildOutcome> {
  return withDuckdb({ store, options, signal }, async (session) => {
    const appender = await createRowAppender(session, 'made', table.columns);
    let count = 0;
    for await (const row of rows()) {
      appender.append(row);
      count += 1;
      if (count % ROWS_BETWEEN_REPORTS > 0) continue;
      signal?.throwIfAborted();
      onRows?.(count);
      // Rows that lie in memory never wait: heartbeats would not be sent.
      await nextTurn();
    }
    appender.finish();
    const local = await copyInOrder(session, {
      ...{ table, from: 'made', rows: count, bytes: appender.bytes },
      firstOfKey: repeated !== undefined,
    });
    const used = rowsIn(local);
    const dropped: Record<string, number> = { ...request.dropped?.() };
    if (repeated !== undefined && used < count) {
      dropped[repeated] = (dropped[repeated] ?? 0) + count - used;
    }
    const made = repeated === undefined ? count : used;
    return {
      rows: made,
      inputRows: inputRows ?? made + Object.values(dropped).reduce((sum, each) => sum + each, 0),
      usedRows: used,
      quarantined: {},
      dropped,
      files: await adoptFiles(store, local, `${prefix}data/`),
      quarantineFiles: [],
      firstProblems: [],
    };
  });
}

/** Writes and checks the snapshot, or finds the one that is there; readers do not see it yet. */
export const writeRows = (lake: Lake, request: WriteRowsRequest): Promise<Snapshot> =>
  ensureSnapshot(lake, {
    table: request.table,
    inputs: request.inputs,
    relations: request.relations,
    signal: request.signal,
    write: async (prefix) => {
      const written = await writeFiles(lake, prefix, request);
      const { facts } = request;
      return { ...written, facts: { ...(typeof facts === 'function' ? facts() : facts) } };
    },
  });

export interface PublishRowsRequest extends WriteRowsRequest {
  /** What was published when the rows were decided on. */
  readonly replaces: Replaced;
  /** Asked when all is written: throws where the rows are outdated although nobody has published. */
  readonly requireUpToDate?: () => Promise<void>;
}

/** Writes, checks and publishes; CATALOG_CONFLICT when another run has published meanwhile. */
export async function publishRows(lake: Lake, request: PublishRowsRequest): Promise<Snapshot> {
  const snapshot = await writeRows(lake, request);
  await request.requireUpToDate?.();
  await publishSnapshot(lake, snapshot.manifest, request.replaces);
  return snapshot;
}
