/** Everything that tables have but for names and times: what engines have to agree on. */
import { tableContentHash } from './content-hash';
import type { Lake } from '../../lakehouse/lake';
import type { SnapshotManifest } from '../../lakehouse/manifest';
import { QUARANTINE_COLUMNS } from '../../lakehouse/quarantine';

export async function contentOfTables(
  lake: Lake,
  built: Readonly<Record<string, SnapshotManifest>>,
): Promise<Record<string, unknown>> {
  const tables: Record<string, unknown> = {};
  for (const [name, manifest] of Object.entries(built)) {
    const { columns, files, quarantineFiles, rows, inputRows, usedRows } = manifest;
    const { quarantined, dropped, noted = {}, firstProblems, checks } = manifest;
    const rejected = { columns: QUARANTINE_COLUMNS, files: quarantineFiles };
    tables[name] = {
      content: await tableContentHash(lake, { columns, files }),
      // The engines spell the row that was rejected in their own way.
      quarantine: await tableContentHash(lake, rejected, { except: ['raw'] }),
      ...{ rows, inputRows, usedRows, quarantined, dropped, noted, firstProblems, checks },
    };
  }
  return tables;
}
