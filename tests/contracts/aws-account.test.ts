/**
 * The contracts against a real AWS account; skipped unless WATCHLAKE_TEST_AWS=1 says that it may be used:
 *
 *     WATCHLAKE_TEST_AWS=1 AWS_PROFILE=… AWS_REGION=… npx jest --selectProjects stack aws-account
 *
 * It makes an environment of its own under random names, and removes it with all its data afterwards.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AthenaClient } from '@aws-sdk/client-athena';
import { DeleteDatabaseCommand, GlueClient, paginateGetDatabases } from '@aws-sdk/client-glue';
import { awsClientConfig } from '../../core/aws';
import { createGlueCatalog } from '../../lakehouse/catalogs/glue';
import { glueDatabases } from '../../lakehouse/catalogs/glue-databases';
import { followQuery, startQuery } from '../../lakehouse/engines/athena';
import { athenaResults } from '../../lakehouse/engines/athena-results';
import type { Store } from '../../lakehouse/ports';
import { createS3Store } from '../../lakehouse/stores/s3';
import { openProvisioning, type Provisioning } from '../../provision/provision';
import { namesOf, type Target } from '../../provision/target';
import { catalogContract } from './catalog-contract';
import { storeContract } from './store-contract';

const inAccount = process.env['WATCHLAKE_TEST_AWS'] === '1' ? describe : describe.skip;

const MINUTES = 60_000;
const CACHE_BYTES = 1e9;
const id = randomBytes(4).toString('hex');
const target: Target = {
  environment: `test-${id}`,
  bucket: `watchlake-test-${id}`,
  prefix: '',
  databases: [`watchlake_test_${id}`],
  queryLimitGb: 0.01,
};

inAccount('in a real account', () => {
  const glue = new GlueClient(awsClientConfig());
  const athena = new AthenaClient(awsClientConfig());
  let provisioning: Provisioning;
  let folder: string;
  let opened = 0;

  async function removeAll(): Promise<void> {
    for await (const { DatabaseList } of paginateGetDatabases({ client: glue }, {})) {
      for (const { Name = '' } of DatabaseList ?? []) {
        if (!Name.startsWith(`watchlake_test_${id}_`)) continue;
        await glue.send(new DeleteDatabaseCommand({ Name }));
      }
    }
    const going = await provisioning.planRemoval({ deleteData: true });
    await provisioning.emptyBucket({});
    for (const resource of going) await provisioning.remove(resource, { deleteData: true });
    expect(await provisioning.planRemoval({ deleteData: true })).toEqual([]);
  }

  jest.setTimeout(5 * MINUTES);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watchlake-account-'));
    provisioning = await openProvisioning(target, {});
    for (const resource of await provisioning.plan()) await provisioning.apply(resource);
  }, 10 * MINUTES);
  afterAll(async () => {
    await removeAll();
    provisioning.close();
    glue.destroy();
    athena.destroy();
    await rm(folder, { recursive: true, force: true });
  }, 10 * MINUTES);

  const openStore = async (): Promise<Store> => {
    const prefix = `${(opened += 1)}/`;
    const cacheFolder = join(folder, String(opened));
    return createS3Store({ bucket: target.bucket, prefix, cacheFolder, cacheBytes: CACHE_BYTES });
  };

  test('an environment that was made needs nothing more', async () => {
    const left = (await provisioning.plan()).filter(({ action }) => action !== 'none');
    expect(left).toEqual([]);
  });

  test('a query runs in the workgroup, and says what it read', async () => {
    const executionId = await startQuery(athena, {
      sql: 'SELECT 1 AS n',
      database: target.databases[0] as string,
      workgroup: namesOf(target).workgroup,
      token: id.padEnd(32, '0'),
    });
    const status = await followQuery(athena, executionId);
    expect(status).toMatchObject({ state: 'SUCCEEDED', statement: 'DML' });
    expect(await athenaResults(athena, { executionId, maximumRows: 5 })).toEqual({
      columns: ['n'],
      rows: [{ n: 1 }],
      truncated: false,
    });
  });

  storeContract('on S3, in a real account', openStore);

  catalogContract('in Glue, in a real account', async () => {
    const store = await openStore();
    const databases = glueDatabases(`watchlake_test_${id}_${opened}_{dataset}`);
    return createGlueCatalog({ glue, databases, store });
  });
});
