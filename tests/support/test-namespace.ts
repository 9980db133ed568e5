/** A namespace of the stack's Temporal server for one test file, with the search attributes of a real one. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { registerSearchAttributes } from '../../stack/temporal-namespace';

const LIMIT_MS = 30_000;

export const until = async (isSo: () => Promise<boolean>, limitMs = LIMIT_MS): Promise<void> => {
  const startedMs = Date.now();
  while (!(await isSo())) {
    if (Date.now() - startedMs > limitMs) throw new Error('it did not happen in time');
    await sleep(100);
  }
};

export interface TestNamespace {
  readonly namespace: string;
  readonly client: Client;
  /** For workers. */
  readonly native: NativeConnection;
  close(): Promise<void>;
}

export async function createTestNamespace(prefix: string): Promise<TestNamespace> {
  const namespace = `${prefix}-${randomUUID()}`;
  const address = process.env.TEMPORAL_ADDRESS ?? '';
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await until(() =>
    registerSearchAttributes(connection, namespace).then(
      () => true,
      () => false,
    ),
  );
  return {
    namespace,
    client: new Client({ connection, namespace }),
    native,
    async close() {
      await native.close();
      await connection.close();
    },
  };
}
