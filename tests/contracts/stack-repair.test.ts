/** Half-finished set-ups, lost secrets and taken ports: each component mends or names them. */
import { spawn } from 'node:child_process';
import { mkdir, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { exists } from '../../stack/files';
import { startKafka } from '../../stack/kafka';
import { isListening, LOOPBACK } from '../../stack/ports';
import { startPostgres, type RunningPostgres } from '../../stack/postgres';
import { dataParent } from '../../stack/postgres-data';
import { findProcesses, isRunning, type ProcessRecord } from '../../stack/processes';
import { readStack, recordedParts, startStack, stopStack } from '../../stack/stack';
import { unprivilegedUser } from '../../stack/system-user';
import { externalServices } from '../../workers/addresses';
import { loadConfig } from '../../workers/config';
import { restartParts } from '../../workers/supervisor';
import { makeTestHome, testCache } from '../support/start-stack';
import { fakeTools } from '../unit/stack/fake-tools';

jest.setTimeout(120_000);

let home: string;
beforeAll(async () => {
  home = await makeTestHome();
});
afterAll(() => rm(home, { recursive: true }));

describe('PostgreSQL', () => {
  let running: RunningPostgres | undefined;
  const start = async (): Promise<RunningPostgres> =>
    (running = await startPostgres({ home, port: 0, durable: false }));
  afterEach(() => running?.stop());

  const dataFolder = async (): Promise<string> => {
    return join(await dataParent({ home, user: await unprivilegedUser() }), 'data');
  };

  async function answer(url: string): Promise<unknown> {
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ one: number }>('SELECT 1 AS one');
    await client.end();
    return rows[0]?.one;
  }

  test('sets itself up over the rest of a killed set-up', async () => {
    const left = `${await dataFolder()}.initialising-1-abc`;
    await mkdir(left, { recursive: true });
    await writeFile(join(left, 'PG_VERSION'), '18');
    expect(await answer((await start()).url)).toBe(1);
    expect(await exists(left)).toBe(false);
  });

  test('starts over a pid file that names somebody else', async () => {
    const other = spawn('sleep', ['60']);
    try {
      const data = await dataFolder();
      const content = `${other.pid}\n${data}\n1\n5432\n\n127.0.0.1\n`;
      await writeFile(join(data, 'postmaster.pid'), content);
      expect(await answer((await start()).url)).toBe(1);
      expect(other.exitCode).toBeNull();
    } finally {
      other.kill('SIGKILL');
    }
  });

  test('replaces a server that outlived its stack', async () => {
    const first = await startPostgres({ home, port: 0, durable: false });
    const second = await start();
    expect(second.record.pid).not.toBe(first.record.pid);
    expect(await answer(second.url)).toBe(1);
  });

  test('sets a new password when the old one was lost', async () => {
    const before = await start();
    await before.stop();
    await rm(join(home, 'secrets'), { recursive: true });
    const after = await start();
    expect(new URL(after.url).password).not.toBe(new URL(before.url).password);
    expect(await answer(after.url)).toBe(1);
  });

  test('refuses data of another version', async () => {
    const data = await dataFolder();
    await writeFile(join(data, 'PG_VERSION'), '15\n');
    await expect(startPostgres({ home, port: 0 })).rejects.toMatchObject({
      code: 'STACK_FAILED',
      message: expect.stringMatching(/written by PostgreSQL 15/) as string,
    });
  });
});

describe('Kafka', () => {
  test('moves a half-formatted folder aside, says so, and starts', async () => {
    const data = join(home, 'kafka', 'data');
    await mkdir(join(data, 'some-topic-0'), { recursive: true });
    await mkdir(`${data}.formatting-1-abc`);
    const told: string[] = [];
    const running = await startKafka({
      home,
      cache: testCache(),
      port: 0,
      onProgress: ({ message }) => told.push(message),
    });
    await running.stop();
    const aside = (await readdir(join(home, 'kafka'))).find((name) => name.includes('incomplete'));
    expect(await readdir(join(home, 'kafka', aside ?? ''))).toEqual(['some-topic-0']);
    expect(await exists(`${data}.formatting-1-abc`)).toBe(false);
    expect(told.join()).toContain('only half set up');
  });
});

/** With Kafka's jars, and no archive of their classes yet. */
async function freshCache(name: string): Promise<string> {
  const cache = join(home, name);
  await mkdir(cache);
  for (const each of await readdir(testCache()))
    if (/^kafka-\d/.test(each)) await symlink(join(testCache(), each), join(cache, each));
  return cache;
}

describe('Kafka that starts for the first time', () => {
  test('leaves no broker behind that has prepared the next starts when this one is given up', async () => {
    const cache = await freshCache('first');
    const preparing = async (): Promise<ProcessRecord[]> => {
      const partial = (await readdir(cache)).find((name) => name.includes('.partial')) ?? '';
      return findProcesses(['kafka.Kafka', join(cache, partial, 'run', 'server.properties')]);
    };
    const given = new AbortController();
    const temporal = { address: '127.0.0.1:1', namespace: 'default' };
    const external = { temporal, postgres: { url: 'postgres://127.0.0.1:1/none' } };
    const options = { home: join(home, 'given-up'), cache, external, signal: given.signal };
    const started = startStack({ ...options, ports: { kafka: 0 } });
    started.catch(() => undefined);
    while ((await preparing()).length === 0) await sleep(20);
    const [broker] = (await preparing()) as [ProcessRecord];
    given.abort(new Error('Ctrl-C'));
    await expect(started).rejects.toThrow('Ctrl-C');
    await sleep(500);
    expect(isRunning(broker)).toBe(false);
    // Nor is it taken for a machine that cannot prepare them.
    while ((await readdir(cache)).some((name) => name.endsWith('.lock'))) await sleep(20);
    expect((await readdir(cache)).filter((name) => name.startsWith('kafka-classes'))).toEqual([]);
  });
});

describe('Kafka in a folder with letters of its owner', () => {
  const inC = { ...process.env, LC_ALL: 'C', LANG: 'C' };

  test('writes there and nowhere else, also where the language of the machine is C', async () => {
    const own = join(home, 'Mühle \\ 日本');
    const options = { home: own, cache: testCache(), port: 0 };
    const running = await startKafka({ ...options, environment: inC });
    await running.stop();
    expect(await exists(join(own, 'kafka', 'data', 'meta.properties'))).toBe(true);
    expect(await readdir(join(own, 'kafka', 'data'))).toContain('__cluster_metadata-0');
    expect((await readdir(home)).filter((name) => name.startsWith('M'))).toEqual(['Mühle \\ 日本']);
  });

  test('finds its programs there, also where its data lie elsewhere', async () => {
    const cache = await freshCache('Jürgen');
    const options = { home: join(home, 'plain'), cache, port: 0, environment: inC };
    const running = await startKafka(options);
    await running.stop();
    expect(await exists(join(home, 'plain', 'kafka', 'data', 'meta.properties'))).toBe(true);
  });
});

describe('the stack', () => {
  test('names a taken port and leaves nothing running', async () => {
    const occupied = createServer();
    await new Promise<void>((resolve) => occupied.listen(0, LOOPBACK, resolve));
    const address = occupied.address();
    const kafka = typeof address === 'object' && address ? address.port : 0;
    const fresh = await makeTestHome();
    const external = { temporal: { address: 'temporal.example:7233', namespace: 'default' } };
    const ports = { kafka, postgres: 0 };
    const options = { home: fresh, cache: testCache(), durable: false, external, ports };
    await expect(startStack(options)).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: `Port ${kafka} for Kafka is taken.`,
    });
    expect((await readStack(fresh))?.processes).toEqual([]);
    await new Promise((resolve) => occupied.close(resolve));
    await rm(fresh, { recursive: true });
  });

  test('starts a part that died where everybody knows it, or not before its port is free', async () => {
    const fresh = await realpath(await makeTestHome());
    const others = { KAFKA_BROKERS: '127.0.0.1:1', TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const config = loadConfig({ ...others, WATCHLAKE_HOME: fresh, WATCHLAKE_CACHE: testCache() });
    const options = { home: fresh, cache: testCache(), durable: false, ports: { postgres: 0 } };
    const { postgres } = await startStack({ ...options, external: externalServices(config) });
    const port = Number(new URL(postgres.url).port);
    const intruder = createServer();
    try {
      const { pid } = (await recordedParts(fresh))['postgres'] as ProcessRecord;
      process.kill(pid, 'SIGKILL');
      while (await isListening(port)) await sleep(10);
      await new Promise<void>((resolve) => intruder.listen(port, LOOPBACK, resolve));
      await expect(restartParts(config, () => undefined)).rejects.toMatchObject({
        code: 'PORT_TAKEN',
        message: `Port ${port} for PostgreSQL is taken.`,
      });
      await new Promise((resolve) => intruder.close(resolve));
      await restartParts(config, () => undefined);
      expect((await readStack(fresh))?.addresses.postgres?.url).toBe(postgres.url);
    } finally {
      intruder.close();
      await stopStack(fresh);
      await rm(fresh, { recursive: true });
    }
  });

  test('says what to do on a machine without Java', async () => {
    const tools = await fakeTools();
    const { environment } = tools;
    const started = startKafka({ home, cache: testCache(), port: 0, environment });
    await expect(started).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      message: expect.stringMatching(/java.*KAFKA_BROKERS/i) as string,
    });
    await tools.remove();
  });
});
