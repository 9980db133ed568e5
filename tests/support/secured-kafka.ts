/** A Kafka broker as a company runs it: TLS, users with passwords, clients with certificates, and rights. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { KAFKA_SOURCES, kafkaJars } from '../../stack/kafka-libraries';
import { reservePort } from '../../stack/ports';
import { spawnDetached, stopProcess, waitUntilReady } from '../../stack/processes';
import { runTool } from '../../stack/tools';
import { makeAuthority, type Authority } from './certificates';
import { testCache } from './start-stack';

export const USER = 'watchlake';
export const PASSWORD = 'a password of the tests';
/** Knows the password and has no right. */
export const STRANGER = 'stranger';

export interface SecuredKafka {
  readonly authority: Authority;
  /** TLS, and a user with a password: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. */
  readonly withPassword: string;
  /** TLS, and a client's certificate. */
  readonly withCertificate: string;
  close(): Promise<void>;
}

const START_MS = 120_000;
const LOGIN = 'org.apache.kafka.common.security';

const ports = async (count: number): Promise<number[]> => {
  const reserved = await Promise.all(
    Array.from({ length: count }, () => reservePort({ service: 'Kafka', given: 0, preferred: 0 })),
  );
  await Promise.all(reserved.map(({ release }) => release()));
  return reserved.map(({ port }) => port);
};

const oneLine = (pem: string): string => pem.trim().replaceAll('\n', '\\n');

async function properties(folder: string, authority: Authority, at: readonly number[]) {
  const [password, certificate, inner, controller] = at.map((port) => `127.0.0.1:${port}`);
  const { cert, key } = await authority.issue('broker');
  const listeners = `PASSWORD://${password},CERTIFICATE://${certificate},INNER://${inner}`;
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${controller}`,
    listeners: `${listeners},CONTROLLER://${controller}`,
    'advertised.listeners': listeners,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INNER',
    'listener.security.protocol.map':
      'PASSWORD:SASL_SSL,CERTIFICATE:SSL,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.password.plain.sasl.jaas.config': `${LOGIN}.plain.PlainLoginModule required user_${USER}="${PASSWORD}" user_${STRANGER}="${PASSWORD}";`,
    'listener.name.password.scram-sha-256.sasl.jaas.config': `${LOGIN}.scram.ScramLoginModule required;`,
    'listener.name.password.scram-sha-512.sasl.jaas.config': `${LOGIN}.scram.ScramLoginModule required;`,
    'listener.name.certificate.ssl.client.auth': 'required',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': oneLine(cert),
    'ssl.keystore.key': oneLine(key),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': oneLine(authority.cert),
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // Who comes by the inner listener, the broker itself, may do everything.
    'super.users': 'User:ANONYMOUS',
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 2,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 2,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Broken or absent rights are told by the client that the tests are about; here they are given. */
async function giveRights(inner: string, acls: Parameters<Grant>[0]): Promise<void> {
  const admin = new Kafka({ brokers: [inner], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.createAcls({ acl: acls });
  } finally {
    await admin.disconnect();
  }
}

type Admin = ReturnType<Kafka['admin']>;
type Grant = (acl: Parameters<Admin['createAcls']>[0]['acl']) => void;

/** With the rights that `acls` names; whoever has none is refused everything. */
export async function startSecuredKafka(acls: Parameters<Grant>[0]): Promise<SecuredKafka> {
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-secured-kafka-'));
  const authority = await makeAuthority(folder);
  const at = await ports(4);
  const file = join(folder, 'server.properties');
  await writeFile(file, await properties(folder, authority, at), { mode: 0o600 });
  const jars = await kafkaJars({ cache: testCache() });
  const log = `-Dlog4j2.configurationFile=${join(KAFKA_SOURCES, 'log4j2.properties')}`;
  const java = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', log, '-cp', jars.join(':')];
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    ...['--add-scram', `${mechanism}=[name=${USER},password=${PASSWORD}]`],
  ]);
  const format = ['kafka.tools.StorageTool', 'format', '-t', 'c2VjdXJlZC1rYWZrYS10ZQ'];
  const args = ['-Xmx128m', ...java, ...format, '-c', file, ...scram];
  await runTool({ command: 'java', args, timeoutMs: START_MS });

  const logFile = join(folder, 'kafka.log');
  const child = await spawnDetached({
    ...{ service: 'Kafka', command: 'java', logFile },
    args: ['-Xms128m', '-Xmx256m', ...java, 'kafka.Kafka', file],
  });
  const close = async () => {
    await stopProcess(child, { graceMs: 20_000 });
    await rm(folder, { recursive: true, force: true });
  };
  const [withPassword, withCertificate, inner] = at.map((port) => `127.0.0.1:${port}`) as [
    string,
    string,
    string,
  ];
  try {
    const check = () => giveRights(inner, acls);
    await waitUntilReady({ service: 'Kafka', logFile, child, timeoutMs: START_MS, check });
  } catch (error) {
    await close();
    throw error;
  }
  return { authority, withPassword, withCertificate, close };
}
