/** `query --engine athena`, `catalog ddl` and `provision` from the command line. */
import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { WatchlakeError } from '../../../core/errors';
import type { CommandLake } from '../../../workers/connect';
import {
  fakeClient,
  fakeContext,
  onlyObject,
  run,
  type FakeTemporal,
  type RunCall,
} from './fake-surroundings';

const OUTCOME = { executionId: 'q-1', scannedBytes: 2e9, costUsd: 0.01, milliseconds: 1500 };
const FOUND = { columns: ['n'], rows: [{ n: 3 }], truncated: false };
const INPUT = {
  sqlKey: 'queries/00000000c0ffee00.sql',
  database: 'stedi-human-balance-analytics',
  workgroup: 'primary',
  pricePerTb: 5,
};

async function query(temporal: FakeTemporal, failure: WatchlakeError | null = null) {
  const calls: RunCall[] = [];
  const athena = {
    prepare: async () => ({ id: '00000000c0ffee00', input: INPUT }),
    results: async () => FOUND,
    failure: async () => failure,
  };
  const done = await run(
    ['query', 'SELECT 3', '--engine', 'athena', '--dataset', 'stedi', '--json'],
    {
      services: {
        openLake: async () => ({ athena }) as unknown as CommandLake,
        connect: async () => fakeContext({ client: fakeClient(temporal, calls) }),
      },
    },
  );
  return { ...done, calls };
}

test('gives the rows, and tells what was read and what it cost', async () => {
  const { exitCode, stdout, stderr, calls } = await query({ result: OUTCOME });
  expect(exitCode).toBe(0);
  expect(onlyObject(stdout)).toMatchObject({ ok: true, ...FOUND, ...OUTCOME });
  expect(stderr).toContain('read 2.0 GB, about $0.01, 1.5 s');
  expect(calls).toMatchObject([{ workflowId: 'query/00000000c0ffee00', input: INPUT }]);
});

test('asks Athena why a query failed: the workflow does not know', async () => {
  const details = [{ context: { execution: 'q-1' }, remedy: 'Correct it.' }];
  const failed = ApplicationFailure.create({ message: 'failed', type: 'QUERY_FAILED', details });
  const error = new WorkflowFailedError('failed', failed, 'NON_RETRYABLE_FAILURE');
  const reason = { execution: 'q-1', state: 'FAILED', detail: 'COLUMN_NOT_FOUND: n' };
  const { exitCode, stdout } = await query({ error }, new WatchlakeError('QUERY_FAILED', reason));
  expect(exitCode).toBe(1);
  expect(onlyObject(stdout)).toMatchObject({
    ok: false,
    error: { code: 'QUERY_FAILED', message: expect.stringContaining('COLUMN_NOT_FOUND') as string },
  });
});

test('prints the statements for Athena, each ended', async () => {
  const ddl = async () => ['CREATE DATABASE a', 'CREATE EXTERNAL TABLE b'];
  const services = { openLake: async () => ({ ddl }) as unknown as CommandLake };
  const { stdout } = await run(['catalog', 'ddl', 'stedi'], { services });
  expect(stdout).toBe('CREATE DATABASE a;\n\nCREATE EXTERNAL TABLE b;\n');
});

const provision = async (words: string[], result: object) => {
  const calls: RunCall[] = [];
  const target = ['--environment', 'research', '--bucket', 'lake'];
  const done = await run(['provision', ...words, ...target], {
    services: { connect: async () => fakeContext({ client: fakeClient({ result }, calls) }) },
  });
  return { ...done, calls };
};

test('a plan says what would be made and what would change', async () => {
  const changes = [{ property: 'versioning', from: 'Suspended', to: 'Enabled' }];
  const { stdout } = await provision(['plan'], {
    ...{ environment: 'research', account: '123456789012', region: 'eu-central-1' },
    removedVersions: 0,
    resources: [
      { kind: 'bucket', name: 'lake', action: 'update', changes },
      { kind: 'role', name: 'watchlake-research-glue', action: 'create', changes: [] },
      { kind: 'workgroup', name: 'watchlake-research', action: 'none', changes: [] },
    ],
  });
  expect(stdout).toContain('123456789012');
  expect(stdout).toMatch(/bucket +lake +to change +versioning: Suspended → Enabled/);
  expect(stdout).toMatch(/role +watchlake-research-glue +to make/);
  expect(stdout).toMatch(/workgroup +watchlake-research +as it is/);
});

test.each([
  [['destroy'], 'removes the environment research from'],
  [['destroy', '--delete-data'], 'and all data in lake'],
])('%j asks before anything is started', async (words, question) => {
  const { exitCode, stderr, calls } = await provision(words, {});
  expect(exitCode).toBe(1);
  expect(stderr).toContain(question);
  expect(stderr).toContain('--yes');
  expect(calls).toEqual([]);
});
