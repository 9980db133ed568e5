/** The calls of Glue that the catalogue is made of. */
import {
  CreateDatabaseCommand,
  CreateTableCommand,
  DeleteTableCommand,
  GetTableCommand,
  UpdateTableCommand,
  paginateGetDatabases,
  paginateGetTables,
  type GlueClient,
  type Table,
  type TableInput,
} from '@aws-sdk/client-glue';
import { awsError, callingAws, isAwsError } from '../../core/aws';

export interface Place {
  readonly database: string;
  readonly table: string;
}

export const MISSING = 'EntityNotFoundException';
export const PRESENT = 'AlreadyExistsException';
/** Of two updates from the same version Glue lets one pass. */
export const OUTRUN = 'ConcurrentModificationException';

export async function findTable(
  glue: GlueClient,
  { database, table }: Place,
): Promise<Table | null> {
  try {
    const request = new GetTableCommand({ DatabaseName: database, Name: table });
    return (await glue.send(request)).Table ?? null;
  } catch (error) {
    if (isAwsError(error, MISSING)) return null;
    throw awsError(error, 'glue:GetTable');
  }
}

async function ensureDatabase(glue: GlueClient, name: string): Promise<void> {
  const Description = 'Tables published by Watchlake';
  const request = new CreateDatabaseCommand({ DatabaseInput: { Name: name, Description } });
  try {
    await glue.send(request);
  } catch (error) {
    if (!isAwsError(error, PRESENT)) throw awsError(error, 'glue:CreateDatabase');
  }
}

/** Makes the database as well, where there is none. The errors are Glue's own. */
export async function createTable(
  glue: GlueClient,
  { database, input }: { database: string; input: TableInput },
): Promise<void> {
  const request = { DatabaseName: database, TableInput: input };
  try {
    await glue.send(new CreateTableCommand(request));
  } catch (error) {
    if (!isAwsError(error, MISSING)) throw error;
    await ensureDatabase(glue, database);
    await glue.send(new CreateTableCommand(request));
  }
}

/** Refused when somebody has changed the table since it was read. The errors are Glue's own. */
export const updateTable = (
  glue: GlueClient,
  { database, found, input }: { database: string; found: Table; input: TableInput },
) =>
  glue.send(
    new UpdateTableCommand({
      DatabaseName: database,
      TableInput: input,
      VersionId: found.VersionId,
      // Our releases know the earlier states; Glue keeps a limited number of its own.
      SkipArchive: true,
    }),
  );

/** What is not there is no error. */
export async function deleteTable(glue: GlueClient, { database, table }: Place): Promise<void> {
  try {
    await glue.send(new DeleteTableCommand({ DatabaseName: database, Name: table }));
  } catch (error) {
    if (!isAwsError(error, MISSING)) throw awsError(error, 'glue:DeleteTable');
  }
}

/** None where there is no such database. */
export async function tablesIn(glue: GlueClient, database: string): Promise<Table[]> {
  const found: Table[] = [];
  try {
    for await (const page of paginateGetTables({ client: glue }, { DatabaseName: database })) {
      found.push(...(page.TableList ?? []));
    }
    return found;
  } catch (error) {
    if (isAwsError(error, MISSING)) return found;
    throw awsError(error, 'glue:GetTables');
  }
}

export const databaseNames = (glue: GlueClient): Promise<string[]> =>
  callingAws('glue:GetDatabases', async () => {
    const names: string[] = [];
    for await (const { DatabaseList } of paginateGetDatabases({ client: glue }, {})) {
      names.push(...(DatabaseList ?? []).map(({ Name }) => Name as string));
    }
    return names;
  });
