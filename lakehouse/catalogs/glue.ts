/** The catalogue in AWS Glue: one table for each of ours, whose update moves the pointer. */
import { randomUUID } from 'node:crypto';
import type { GlueClient, Table } from '@aws-sdk/client-glue';
import { awsError, isAwsError } from '../../core/aws';
import { WatchlakeError } from '../../core/errors';
import type { Catalog, Store, TablePointer, VersionedPointer } from '../ports';
import type { GlueDatabases } from './glue-databases';
import { pointerOf, publicationOf, tableInput } from './glue-table';
import {
  MISSING,
  OUTRUN,
  PRESENT,
  createTable,
  databaseNames,
  deleteTable,
  findTable,
  tablesIn,
  updateTable,
  type Place,
} from './glue-tables';
import { catalogIdentity } from './identity';
import { createReleases } from './releases';

export interface GlueCatalogOptions {
  readonly glue: GlueClient;
  readonly databases: GlueDatabases;
  /** Holds the releases, and says under which address the tables' files lie. */
  readonly store: Store;
}

const conflict = ({ table }: Place, cause?: unknown): WatchlakeError =>
  new WatchlakeError('CATALOG_CONFLICT', { table }, cause);

/** The pointer of one of our tables; CATALOG_TABLE_FOREIGN for any other of that name. */
function ownPointer(found: Table, { database, table }: Place, dataset: string): VersionedPointer {
  const pointer = pointerOf(found);
  if (pointer?.dataset === dataset && pointer.table === table) return pointer;
  const detail =
    pointer === null
      ? 'was not made by Watchlake'
      : `belongs to the dataset ${pointer.dataset}, not to ${dataset}`;
  throw new WatchlakeError('CATALOG_TABLE_FOREIGN', { database, table, detail });
}

/** The address of the lake's root, without a slash at its end. */
function rootOf(store: Store): string {
  const probe = 'catalog';
  return store.uriOf(probe).slice(0, -`/${probe}`.length);
}

export function createGlueCatalog({ glue, databases, store }: GlueCatalogOptions): Catalog {
  const root = rootOf(store);
  const placeOf = ({ dataset, table }: { dataset: string; table: string }): Place => ({
    database: databases.of(dataset),
    table,
  });

  /** A call that was answered too late, and sent again, meets its own work. */
  async function isOurs(place: Place, publication: string): Promise<boolean> {
    const found = await findTable(glue, place);
    return found !== null && publicationOf(found) === publication;
  }

  async function publish(pointer: TablePointer, expected: number): Promise<VersionedPointer> {
    const place = placeOf(pointer);
    const { database } = place;
    const found = await findTable(glue, place);
    const present = found && ownPointer(found, place, pointer.dataset);
    if ((present?.version ?? 0) !== expected) throw conflict(place);
    const moved: VersionedPointer = { ...pointer, version: expected + 1 };
    const publication = randomUUID();
    const input = tableInput({ pointer: moved, root, publication });
    try {
      await (found === null
        ? createTable(glue, { database, input })
        : updateTable(glue, { database, found, input }));
      return moved;
    } catch (error) {
      const action = found === null ? 'glue:CreateTable' : 'glue:UpdateTable';
      if (!isAwsError(error, PRESENT, OUTRUN, MISSING)) throw awsError(error, action);
      if (await isOurs(place, publication)) return moved;
      throw conflict(place, error);
    }
  }

  async function drop(of: { dataset: string; table: string }): Promise<void> {
    const place = placeOf(of);
    const found = await findTable(glue, place);
    if (found === null) return;
    ownPointer(found, place, of.dataset);
    await deleteTable(glue, place);
  }

  async function pointersIn(database: string): Promise<VersionedPointer[]> {
    const pointers = (await tablesIn(glue, database)).map(pointerOf);
    return pointers.filter((pointer) => pointer !== null);
  }

  async function list({ dataset }: { dataset?: string } = {}): Promise<VersionedPointer[]> {
    if (dataset === undefined) {
      const own = (await databaseNames(glue)).filter(databases.includes);
      return (await Promise.all(own.map(pointersIn))).flat();
    }
    const pointers = await pointersIn(databases.of(dataset));
    return pointers.filter((pointer) => pointer.dataset === dataset);
  }

  return {
    identity: () => catalogIdentity(store, 'glue'),
    async pointer(of) {
      const place = placeOf(of);
      const found = await findTable(glue, place);
      return found && ownPointer(found, place, of.dataset);
    },
    publish,
    drop,
    list,
    ...createReleases({ store }),
  };
}
