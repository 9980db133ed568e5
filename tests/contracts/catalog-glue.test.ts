/** The catalogue in AWS Glue keeps the contract of catalogues, against an emulator and through faults. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateDatabaseCommand,
  CreateTableCommand,
  GetTableCommand,
  GlueClient,
  type Table,
} from '@aws-sdk/client-glue';
import { awsClientConfig, type AwsOptions } from '../../core/aws';
import { createGlueCatalog } from '../../lakehouse/catalogs/glue';
import { glueDatabases } from '../../lakehouse/catalogs/glue-databases';
import type { Catalog, Store, TablePointer } from '../../lakehouse/ports';
import { createFileStore } from '../../lakehouse/stores/file';
import { column } from '../../lakehouse/tables';
import { useAwsEmulator } from '../support/aws-emulator';
import { isTarget, jsonError, throttled, useAwsGateway } from '../support/aws-gateway';
import { glueVersions } from '../support/aws-guarantees';
import { catalogContract } from './catalog-contract';

const aws = useAwsEmulator();
const gateway = useAwsGateway(aws, [glueVersions()]);
const folders: string[] = [];
const clients: GlueClient[] = [];

afterAll(async () => {
  for (const client of clients) client.destroy();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** Objects in a folder, under the address that they would have on S3. */
async function openStore(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-glue-'));
  folders.push(folder);
  return { ...createFileStore({ folder }), uriOf: (key) => `s3://lake/root/${key}` };
}

function openGlue(options: AwsOptions = {}): GlueClient {
  const client = new GlueClient(awsClientConfig({ ...gateway().client, ...options }));
  clients.push(client);
  return client;
}

async function openCatalog(template?: string, options?: AwsOptions): Promise<Catalog> {
  const databases = glueDatabases(template);
  return createGlueCatalog({ glue: openGlue(options), databases, store: await openStore() });
}

const pointer = (changes: Partial<TablePointer> = {}): TablePointer => ({
  dataset: 'watch',
  table: 'windows',
  zone: 'curated',
  snapshotId: 's1',
  prefix: 'curated/watch/windows/s1/',
  data: { folder: 'curated/watch/windows/s1/data/0a0b/', partitions: [] },
  columns: [
    column('window_id', 'string', 'Window'),
    column('sampleCount', 'integer', 'Samples in it'),
    column('features', 'float-list', 'In the order of the schema'),
    column('subject', 'string', 'Who wore it', { personal: true }),
  ],
  publishedAt: '2024-01-01T00:00:00.000Z',
  ...changes,
});

async function table(name = 'windows', database = 'watchlake_watch'): Promise<Table> {
  const { Table: found } = await openGlue().send(
    new GetTableCommand({ DatabaseName: database, Name: name }),
  );
  return found as Table;
}

catalogContract('in AWS Glue', async () => {
  await aws().reset();
  return openCatalog();
});

describe('a table in Glue', () => {
  beforeEach(() => aws().reset());

  test('has the columns with their types and comments, and the place of this snapshot alone', async () => {
    const catalog = await openCatalog();
    await catalog.publish(pointer(), 0);
    const { StorageDescriptor: storage, Parameters, PartitionKeys } = await table();
    expect(storage?.Columns).toEqual([
      { Name: 'window_id', Type: 'string', Comment: 'Window' },
      { Name: 'samplecount', Type: 'int', Comment: 'Samples in it' },
      { Name: 'features', Type: 'array<float>', Comment: 'In the order of the schema' },
      { Name: 'subject', Type: 'string', Comment: 'Who wore it (personal)' },
    ]);
    expect(storage?.Location).toBe('s3://lake/root/curated/watch/windows/s1/data/0a0b/');
    expect(storage?.SerdeInfo?.SerializationLibrary).toContain('ParquetHiveSerDe');
    expect(PartitionKeys).toEqual([]);
    expect(Parameters).toMatchObject({
      classification: 'parquet',
      'watchlake.dataset': 'watch',
      'watchlake.zone': 'curated',
      'watchlake.snapshot': 's1',
      'watchlake.version': '1',
      'watchlake.published-at': '2024-01-01T00:00:00.000Z',
    });
  });

  test('projects its partitions, so that one update moves them all', async () => {
    const catalog = await openCatalog();
    const columns = [
      column('day', 'string', 'Day'),
      column('hour', 'integer', 'Hour'),
      column('site', 'string', 'Site'),
      column('steps', 'bigint', 'Steps'),
    ];
    const partitions = [
      { name: 'day', values: ['2024-01-01', '2024-01-31'] },
      { name: 'hour', values: ['10', '9'] },
      { name: 'site', values: ['a', 'b'] },
    ];
    const data = (attempt: string) => ({ folder: `curated/watch/steps/${attempt}/`, partitions });
    const of = { table: 'steps', columns };
    const { version } = await catalog.publish(pointer({ ...of, data: data('s1/data/1') }), 0);
    gateway().clear();
    await catalog.publish(pointer({ ...of, data: data('s2/data/2') }), version);
    const writes = gateway().calls.filter((call) => !call.includes('.Get'));
    expect(writes).toEqual(['AWSGlue.UpdateTable']);
    const { PartitionKeys, StorageDescriptor, Parameters } = await table('steps');
    expect(PartitionKeys?.map(({ Name, Type }) => [Name, Type])).toEqual([
      ['day', 'string'],
      ['hour', 'int'],
      ['site', 'string'],
    ]);
    expect(StorageDescriptor?.Columns?.map(({ Name }) => Name)).toEqual(['steps']);
    expect(Parameters).toMatchObject({
      'projection.enabled': 'true',
      'projection.day.type': 'date',
      'projection.day.range': '2024-01-01,2024-01-31',
      'projection.hour.type': 'integer',
      'projection.hour.range': '9,10',
      'projection.site.type': 'enum',
      'projection.site.values': 'a,b',
      'storage.location.template':
        's3://lake/root/curated/watch/steps/s2/data/2/day=${day}/hour=${hour}/site=${site}/',
    });
  });

  test('is not published with partitions that no projection can name', async () => {
    const catalog = await openCatalog();
    const partitions = [{ name: 'window_id', values: ['a%2Cb'] }];
    const broken = pointer({ data: { folder: 'x/', partitions } });
    await expect(catalog.publish(broken, 0)).rejects.toMatchObject({ code: 'CHECK_FAILED' });
  });

  test('of somebody else is neither read nor changed', async () => {
    const glue = openGlue();
    const catalog = await openCatalog();
    await glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: 'watchlake_watch' } }));
    const TableInput = { Name: 'windows', Parameters: { owner: 'another team' } };
    await glue.send(new CreateTableCommand({ DatabaseName: 'watchlake_watch', TableInput }));
    const foreign = { code: 'CATALOG_TABLE_FOREIGN' };
    const of = { dataset: 'watch', table: 'windows' };
    await expect(catalog.publish(pointer(), 0)).rejects.toMatchObject(foreign);
    await expect(catalog.pointer(of)).rejects.toMatchObject(foreign);
    expect(await catalog.list()).toEqual([]);
    expect((await table()).Parameters).toEqual({ owner: 'another team' });
  });

  test('of another dataset in a shared database is refused as well', async () => {
    const catalog = await openCatalog('shared');
    await catalog.publish(pointer(), 0);
    await expect(catalog.publish(pointer({ dataset: 'other' }), 0)).rejects.toMatchObject({
      code: 'CATALOG_TABLE_FOREIGN',
    });
    expect(await catalog.list({ dataset: 'other' })).toEqual([]);
  });

  test('of the STEDI data lies in the database that its readers know', async () => {
    const catalog = await openCatalog();
    await catalog.publish(pointer({ dataset: 'stedi', table: 'customer_trusted' }), 0);
    const found = await table('customer_trusted', 'stedi-human-balance-analytics');
    expect(found.Parameters?.['watchlake.dataset']).toBe('stedi');
    expect(await catalog.list()).toHaveLength(1);
  });
});

describe('a publisher', () => {
  beforeEach(() => aws().reset());

  test.each(['first', 'second'])(
    'that loses the race for the %s version changes nothing',
    async (which) => {
      const catalog = await openCatalog();
      let version = 0;
      if (which === 'second') ({ version } = await catalog.publish(pointer(), 0));
      const results = await Promise.allSettled(
        ['a', 'b', 'c', 'd', 'e', 'f'].map((snapshotId) =>
          catalog.publish(pointer({ snapshotId }), version),
        ),
      );
      const won = results.filter((result) => result.status === 'fulfilled');
      expect(won).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected')
          expect(result.reason).toMatchObject({ code: 'CATALOG_CONFLICT', retryable: true });
      }
      const found = await catalog.pointer({ dataset: 'watch', table: 'windows' });
      expect(found).toEqual(won[0]?.value);
    },
  );

  test.each([
    ['AWSGlue.CreateTable', 0],
    ['AWSGlue.UpdateTable', 1],
  ])('whose %s was done but not answered knows its own work', async (target, before) => {
    const catalog = await openCatalog();
    for (let made = 0; made < before; made += 1) await catalog.publish(pointer(), made);
    gateway().breakOn({ on: isTarget(target), fault: 'lost' });
    const moved = await catalog.publish(pointer({ snapshotId: 'again' }), before);
    expect(moved).toMatchObject({ snapshotId: 'again', version: before + 1 });
    expect(gateway().calls.filter((call) => call === target).length).toBeGreaterThan(1);
  });

  test('waits out a short throttling and 500s by itself', async () => {
    const catalog = await openCatalog();
    gateway().breakOn({ on: isTarget('AWSGlue.GetTable'), fault: throttled, times: 2 });
    gateway().breakOn({
      on: isTarget('AWSGlue.CreateTable'),
      fault: jsonError(500, 'InternalServiceException'),
      times: 2,
    });
    expect(await catalog.publish(pointer(), 0)).toMatchObject({ version: 1 });
  });

  test.each([
    [throttled, 'AWS_UNAVAILABLE', true],
    [jsonError(503, 'ServiceUnavailable'), 'AWS_UNAVAILABLE', true],
    ['reset' as const, 'AWS_UNAVAILABLE', true],
    [jsonError(400, 'AccessDeniedException', 'no glue:GetTable'), 'AWS_DENIED', false],
    [jsonError(400, 'InvalidInputException', 'a bad name'), 'AWS_REFUSED', false],
  ])('says whether another try is worth it (%#)', async (fault, code, retryable) => {
    // It does not get better: more tries would only be waited for.
    const catalog = await openCatalog(undefined, { maxAttempts: 2 });
    gateway().breakOn({ on: isTarget('AWSGlue.GetTable'), fault, times: 99 });
    await expect(catalog.publish(pointer(), 0)).rejects.toMatchObject({ code, retryable });
  });
});
