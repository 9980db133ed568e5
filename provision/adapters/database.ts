/** A database of the Glue catalogue; whose it is stands in its parameters. */
import {
  CreateDatabaseCommand,
  DeleteDatabaseCommand,
  GetDatabaseCommand,
  UpdateDatabaseCommand,
  paginateGetTables,
  type GlueClient,
  type Table,
} from '@aws-sdk/client-glue';
import { callingAws, GLUE_POINTER } from '../../core/aws';
import { WatchlakeError } from '../../core/errors';
import { counted } from '../../core/figures';
import type { Adapter, DeclaredResource } from '../resource';
import { ENVIRONMENT_TAG } from '../target';
import { orNull, unless } from './absent';

const ABSENT = ['EntityNotFoundException'];

const inputOf = ({ name, environment, properties }: DeclaredResource) => ({
  Name: name,
  Description: properties['description'] as string,
  Parameters: { [ENVIRONMENT_TAG]: environment },
});

export function databaseAdapter({ glue }: { glue: GlueClient }): Adapter {
  const tables = (DatabaseName: string): Promise<Table[]> =>
    callingAws('glue:GetTables', async () => {
      const found: Table[] = [];
      for await (const page of paginateGetTables({ client: glue }, { DatabaseName })) {
        found.push(...(page.TableList ?? []));
      }
      return found;
    });

  /** A database takes its tables with it. */
  async function refuseOthers(name: string, environment: string): Promise<void> {
    const other = (await tables(name)).find(({ Parameters }) => !Parameters?.[GLUE_POINTER]);
    if (other === undefined) return;
    const resource = `table ${name}.${other.Name}`;
    throw new WatchlakeError('RESOURCE_FOREIGN', { resource, environment });
  }

  return {
    async read({ name: Name }) {
      const found = await orNull('glue:GetDatabase', ABSENT, () =>
        glue.send(new GetDatabaseCommand({ Name })),
      );
      if (found?.Database === undefined) return null;
      const { Description = '', Parameters } = found.Database;
      return {
        environment: Parameters?.[ENVIRONMENT_TAG] ?? null,
        properties: { description: Description },
      };
    },

    create: (resource) =>
      unless('glue:CreateDatabase', ['AlreadyExistsException'], () =>
        glue.send(new CreateDatabaseCommand({ DatabaseInput: inputOf(resource) })),
      ),

    async update(resource) {
      const request = { Name: resource.name, DatabaseInput: inputOf(resource) };
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
