/** Publishes the tables that the loop fills without one person: nothing rebuilds those. */
import { literal, withDuckdb } from '../engines/duckdb-session';
import { quoted, relationSql } from '../engines/duckdb-session';
import { adoptFiles, copyToParquet, rowsIn } from '../engines/parquet-sink';
import { addCounts } from '../counts';
import type { Lake } from '../lake';
import { findBase, publishAgain } from '../published';
import { ensureSnapshot } from '../snapshots';
import { WITHDRAWN } from '../suppression';
import type { TableDeclaration } from '../tables';
import { labelledWindowsTable, predictionsTable } from '../watch/model-tables';
import type { RewriteRequest } from './erasing-format';
import { publishWithout } from './publish-without';

interface Request extends Pick<RewriteRequest, 'dataset' | 'erased' | 'remember' | 'signal'> {
  readonly subjectKey: string;
}

async function rewrite(lake: Lake, table: TableDeclaration, request: Request): Promise<number> {
  const { dataset, erased, subjectKey, remember, signal } = request;
  const of = { dataset, table: table.name };
  const base = await findBase(lake, of);
  const { before } = base;
  if (before === null) return 0;
  const { store, duckdb: options } = lake;
  const theirs = `subject_key = ${literal(subjectKey)}`;
  return withDuckdb({ store, options, signal }, async (session) => {
    const from = await relationSql(session, store, before);
    const order = table.orderBy.map(quoted).join(', ');
    const select = `SELECT * FROM ${from} WHERE NOT (${theirs}) ORDER BY ${order}`;
    const kept = await copyToParquet(session, { folder: 'kept', select });
    const removed = before.rows - rowsIn(kept);
    if (removed === 0) {
      await publishAgain(lake, of, base);
      return 0;
    }
    const { manifest } = await ensureSnapshot(lake, {
      // Until it is published anew it has the columns of its time.
      table: { ...table, columns: before.columns },
      inputs: { before: before.snapshotId, erased },
      signal,
      write: async (prefix) => ({
        rows: rowsIn(kept),
        // Of all that ever came, as landings count it.
        inputRows: before.inputRows,
        usedRows: rowsIn(kept),
        quarantined: {},
        dropped: addCounts([before.dropped, { [WITHDRAWN]: removed }]),
        files: await adoptFiles(store, kept, `${prefix}data/`),
        quarantineFiles: [],
        firstProblems: [],
        facts: { ...before.facts },
      }),
    });
    await publishWithout(lake, { manifest, base, rows: removed, remember });
    return removed;
  });
}

/** Rows removed, by table. */
export async function rewriteModelTables(
  lake: Lake,
  request: Request,
): Promise<Record<string, number>> {
  const { dataset } = request;
  const removed: Record<string, number> = {};
  for (const table of [predictionsTable, labelledWindowsTable]) {
    const declared = table({ dataset, recipe: 1 });
    removed[declared.name] = await rewrite(lake, declared, request);
  }
  return removed;
}
