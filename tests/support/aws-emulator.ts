/** An emulator of AWS (moto) on the loopback address: S3, Glue, Athena, IAM, EC2, STS, CloudFormation. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { INSTALL_LIMIT_MS, pythonEnvironment } from '../../stack/python';
import { progressLine } from '../../stack/progress';
import { testCache } from './start-stack';

const START_LIMIT_MS = 60_000;

// On a busy machine some of its answers take seconds.
jest.setTimeout(180_000);

export interface AwsEmulator {
  readonly endpoint: string;
  /** For the constructor of any SDK client. */
  readonly client: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** The same as variables, for processes and for configurations that come from the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Forgets everything: buckets, databases, roles. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

const REGION = 'eu-central-1';
const CREDENTIALS = { accessKeyId: 'emulated', secretAccessKey: 'emulated' };

export function awsEnvironment(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

export async function startAwsEmulator(): Promise<AwsEmulator> {
  const python = await pythonEnvironment({
    cache: testCache(),
    name: 'moto',
    requirements: join(__dirname, 'moto-requirements.txt'),
    onProgress: (progress) => process.stderr.write(`${progressLine(progress)}\n`),
  });
  // Its standard input is a pipe from us: when that closes, whatever the reason, it ends.
  const child = spawn(python, [join(__dirname, 'aws-emulator.py')], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Small pages, so that every listing that is a little longer shows whether it asks for the rest.
    env: { ...process.env, MOTO_S3_DEFAULT_MAX_KEYS: '50' },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines = createInterface({ input: child.stdout });
  const port = await Promise.race([
    new Promise<string>((resolve) => lines.once('line', resolve)),
    ended.then(() => Promise.reject(new Error(`the emulator of AWS ended:\n${said}`))),
    new Promise<never>((_, reject) => {
      const late = () => reject(new Error(`the emulator of AWS did not start:\n${said}`));
      setTimeout(late, START_LIMIT_MS).unref();
    }),
  ]);
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    client: { endpoint, region: REGION, credentials: CREDENTIALS },
    environment: awsEnvironment(endpoint),
    async reset() {
      const { ok, status } = await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' });
      if (!ok) throw new Error(`the emulator of AWS answered ${status} to a reset`);
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

/** One emulator for the tests of a file, started before the first and stopped after the last. */
export function useAwsEmulator(): () => AwsEmulator {
  let emulator: AwsEmulator | undefined;
  beforeAll(async () => {
    emulator = await startAwsEmulator();
  }, INSTALL_LIMIT_MS);
  afterAll(() => emulator?.stop());
  return () => {
    if (emulator === undefined) throw new Error('the emulator of AWS runs only during tests');
    return emulator;
  };
}
