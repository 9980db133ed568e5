/** EMR, Glue's jobs and S3 behind one door, and lakes whose tables they build. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { CloudOptions } from '../../../lakehouse/engines/cloud';
import type { Lake } from '../../../lakehouse/lake';
import { openLake } from '../../../lakehouse/lake';
import { parseS3Address } from '../../../lakehouse/stores/s3/address';
import { pythonEnvironment } from '../../../stack/python';
import type { AwsGateway, Guarantee } from '../aws-gateway';
import { startAwsGateway } from '../aws-gateway';
import { awsEnvironment } from '../aws-emulator';
import type { TestS3 } from '../s3';
import { useS3 } from '../s3';
import { testSpark } from '../spark';
import { testCache } from '../start-stack';
import { jobCloudOptions } from './cloud-options';
import type { EmrEmulator, EmrEmulatorOptions } from './emr-emulator';
import { createEmrEmulator } from './emr-emulator';
import type { GlueEmulator } from './glue-emulator';
import { createGlueEmulator } from './glue-emulator';
import type { Program } from './job-process';
import { asRole, jobStatementsOf } from './role';
import { sparkSubmit } from './spark-submit';
import type { StandIn } from './stand-in';

export interface JobCloud {
  readonly s3: TestS3;
  emr(): EmrEmulator;
  glue(): GlueEmulator;
  gateway(): AwsGateway;
  /** Another door to the same services, at which `first` sees every call before anybody else. */
  door(first: Guarantee): Promise<AwsGateway>;
  /** A lake under a prefix of its own; `uri` opens the same one again. */
  lake(uri?: string, changes?: Partial<CloudOptions>): Promise<Lake & { uri: string }>;
  /** From now on steps and runs are done by this instead of Spark. */
  standIn(made: StandIn): void;
  /** What Spark has asked for in vain. */
  readonly refused: readonly string[];
}

const MOTO = join(__dirname, '..', 'moto-requirements.txt');

/** Of `s3://…` to a local file, and the arguments that follow the script. */
function scriptIn(args: readonly string[]): { script: string; rest: readonly string[] } {
  const at = args.findIndex((arg) => arg.endsWith('.py'));
  return { script: args[at] ?? '', rest: args.slice(at + 1) };
}

/** For the tests of a file. */
export function useJobCloud(changes: Partial<EmrEmulatorOptions> = {}): JobCloud {
  const s3 = useS3();
  let [emr, glue, gateway]: [EmrEmulator?, GlueEmulator?, AwsGateway?] = [];
  let standIn: StandIn | undefined;
  const refused: string[] = [];
  const lakes: Lake[] = [];
  const doors: AwsGateway[] = [];

  async function standInProgram(made: StandIn, args: readonly string[]): Promise<Program> {
    const { script, rest } = scriptIn(args);
    const { bucket: Bucket, key: Key } = parseS3Address(script);
    const { Body } = await s3.client().send(new GetObjectCommand({ Bucket, Key }));
    const folder = await mkdtemp(join(tmpdir(), 'watchlake-stand-in-'));
    await writeFile(join(folder, 'runner.py'), (await Body?.transformToString()) ?? '');
    const python = await pythonEnvironment({
      cache: testCache(),
      name: 'moto',
      requirements: MOTO,
    });
    return {
      command: python,
      args: [join(__dirname, 'stand-in.py'), join(folder, 'runner.py'), ...rest],
      env: {
        ...{ PATH: process.env['PATH'], STAND_IN: JSON.stringify(made) },
        ...awsEnvironment(s3.aws().endpoint),
        AWS_DEFAULT_REGION: s3.aws().client.region,
      },
      cleanUp: () => rm(folder, { recursive: true, force: true }),
    };
  }

  /** Spark itself may do what the role of a job may, and no more. */
  async function sparkProgram(args: readonly string[]): Promise<Program> {
    const manifest = args[args.indexOf('--manifest') + 1] ?? '';
    const [prefix = ''] = parseS3Address(manifest).key.split('/jobs/');
    const door = await startAwsGateway(s3.aws(), [asRole(jobStatementsOf(prefix), refused)]);
    const made = await sparkSubmit(door.client, args);
    const cleanUp = async (): Promise<void> => {
      await door.stop();
      await made.cleanUp?.();
    };
    return { ...made, cleanUp };
  }

  const program = (args: readonly string[]): Promise<Program> =>
    standIn === undefined ? sparkProgram(args) : standInProgram(standIn, args);

  async function putLog(uri: string, Body: Uint8Array): Promise<void> {
    const { bucket: Bucket, key: Key } = parseS3Address(uri);
    await s3.client().send(new PutObjectCommand({ Bucket, Key, Body }));
  }

  beforeAll(async () => {
    emr = createEmrEmulator({
      program: ([command, ...args]) => {
        if (command !== 'spark-submit') throw new Error(`a step runs ${command}`);
        return program(args);
      },
      ...{ putLog, ...changes },
    });
    glue = createGlueEmulator({ program: (script, args) => program([script, ...args]) });
    gateway = await startAwsGateway(s3.aws(), [emr.guarantee, glue.guarantee]);
  });
  beforeEach(() => gateway?.clear());
  afterAll(async () => {
    for (const lake of lakes) await lake.close();
    await emr?.stop();
    await glue?.stop();
    for (const door of doors) await door.stop();
    await gateway?.stop();
  });

  return {
    s3,
    emr: () => emr as EmrEmulator,
    glue: () => glue as GlueEmulator,
    gateway: () => gateway as AwsGateway,
    async door(first) {
      const given = [first, emr?.guarantee, glue?.guarantee].filter((each) => each !== undefined);
      const door = await startAwsGateway(s3.aws(), given);
      doors.push(door);
      return door;
    },
    async lake(known, quicker) {
      const { bucket, prefix, ...options } = await s3.options({ aws: gateway?.client });
      const uri = known ?? `s3://${bucket}/${prefix}`;
      const lake = openLake({
        ...{ uri, s3: options, duckdb: { memoryLimit: '256MB' } },
        ...{ cloud: jobCloudOptions(gateway?.client, quicker), spark: testSpark() },
      });
      lakes.push(lake);
      return { ...lake, uri };
    },
    standIn: (made) => void (standIn = made),
    refused,
  };
}
