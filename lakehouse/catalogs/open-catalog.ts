/** The catalogue that the configuration names, over the lake's store. */
import { GlueClient } from '@aws-sdk/client-glue';
import { awsClientConfig, type AwsOptions } from '../../core/aws';
import type { Catalog, Store } from '../ports';
import { createFileCatalog } from './file';
import { createGlueCatalog } from './glue';
import { glueDatabases } from './glue-databases';

export type CatalogOptions =
  | { readonly kind: 'file' }
  | {
      readonly kind: 'glue';
      /** Name of the database; `{dataset}` in it stands for the dataset. */
      readonly database?: string;
      readonly aws?: AwsOptions;
    };

export function openCatalog(store: Store, options: CatalogOptions = { kind: 'file' }): Catalog {
  if (options.kind === 'file') return createFileCatalog({ store });
  const glue = new GlueClient(awsClientConfig(options.aws));
  return createGlueCatalog({ store, glue, databases: glueDatabases(options.database) });
}
