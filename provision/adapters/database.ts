/** A database of the Glue catalogue; whose it is stands in its parameters. */
import {
  CreateDatabaseCommand,
  DeleteDatabaseCommand,
  GetDatabaseCommand,
  UpdateDatabaseCommand,
  paginateGetDatabases,
  paginateGetTables,
  type Database,
  type GlueClient,
  type Table,
} from '@aws-sdk/client-glue';
import { callingAws, GLUE_POINTER } from '../../core/aws';
import { WatchlakeError } from '../../core/errors';
import { counted } from '../../core/figures';
import type { Adapter, DeclaredResource } from '../resource';
import { ENVIRONMENT_TAG } from '../target';
import { allOf } from './all-pages';
import { orNull, unless } from './absent';

const ABSENT = ['EntityNotFoundException'];

const inputOf = (
  { name, environment, properties }: DeclaredResource,
  others?: Record<string, string>,
) => ({
  Name: name,
  Description: properties['description'] as string,
  Parameters: { ...others, [ENVIRONMENT_TAG]: environment },
});

export function databaseAdapter({ glue }: { glue: GlueClient }): Adapter {
  const tables = (DatabaseName: string): Promise<Table[]> =>
    callingAws('glue:GetTables', () =>
      allOf(paginateGetTables({ client: glue }, { DatabaseName }), (page) => page.TableList),
    );

  const find = async (Name: string): Promise<Database | undefined> =>
    (await orNull('glue:GetDatabase', ABSENT, () => glue.send(new GetDatabaseCommand({ Name }))))
      ?.Database;

  /** A database takes its tables with it. */
  async function refuseOthers(name: string, environment: string): Promise<void> {
    const other = (await tables(name)).find(({ Parameters }) => !Parameters?.[GLUE_POINTER]);
    if (other === undefined) return;
    const resource = `table ${name}.${other.Name}`;
    throw new WatchlakeError('RESOURCE_FOREIGN', { resource, environment });
  }

  return {
    async read({ name }) {
      const found = await find(name);
      if (found === undefined) return null;
      const { Description = '', Parameters } = found;
      return {
        environment: Parameters?.[ENVIRONMENT_TAG] ?? null,
        properties: { description: Description },
      };
    },

    async tagged(environment) {
      const pages = paginateGetDatabases({ client: glue }, {});
      const found = await callingAws('glue:GetDatabases', () =>
        allOf(pages, (page) => page.DatabaseList),
      );
      return found
        .filter(({ Parameters }) => Parameters?.[ENVIRONMENT_TAG] === environment)
        .map(({ Name }) => Name as string);
    },

    create: (resource) =>
      unless('glue:CreateDatabase', ['AlreadyExistsException'], () =>
        glue.send(new CreateDatabaseCommand({ DatabaseInput: inputOf(resource) })),
      ),

    // The whole definition is replaced: what others have set is given again.
    async update(resource) {
      const {
        CatalogId: _c,
        CreateTime: _t,
        Parameters,
        ...kept
      } = (await find(resource.name)) ?? {};
      const DatabaseInput = { ...kept, ...inputOf(resource, Parameters) };
      const request = { Name: resource.name, DatabaseInput };
      await callingAws('glue:UpdateDatabase', () => glue.send(new UpdateDatabaseCommand(request)));
    },

    async remove({ name: Name, environment }) {
      await refuseOthers(Name, environment);
      await unless('glue:DeleteDatabase', ABSENT, () =>
        glue.send(new DeleteDatabaseCommand({ Name })),
      );
    },

    async holds({ name, environment }) {
      await refuseOthers(name, environment);
      const held = (await tables(name)).length;
      return held === 0 ? null : counted(held, 'table');
    },
  };
}
