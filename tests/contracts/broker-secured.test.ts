/** The broker port over TLS, with passwords and with certificates, and with no more rights than docs/security.md lists. */
import { dirname } from 'node:path';
import {
  AclOperationTypes as Operation,
  AclPermissionTypes,
  AclResourceTypes as Resource,
  ResourcePatternTypes,
} from 'kafkajs';
import { loadConfig } from '../../workers/config';
import { brokerOf, SILENT_STREAM_LOG } from '../../workers/dependencies';
import { askKafka } from '../../workers/external-services';
import { makeAuthority } from '../support/certificates';
import {
  PASSWORD,
  startSecuredKafka,
  STRANGER,
  USER,
  type SecuredKafka,
} from '../support/secured-kafka';
import { describeBroker } from './broker-contract';

jest.setTimeout(180_000);

const ANY = '*';

const right = (
  resourceType: Resource,
  resourceName: string,
  operation: Operation,
  user = USER,
) => ({
  ...{ resourceType, resourceName, operation, host: '*' },
  ...{ principal: `User:${user}`, permissionType: AclPermissionTypes.ALLOW },
  resourcePatternType:
    resourceName === ANY ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
});

const { READ, WRITE, CREATE, DELETE, DESCRIBE_CONFIGS } = Operation;

let kafka: SecuredKafka;

beforeAll(async () => {
  const onTopics = [READ, WRITE, CREATE, DELETE, DESCRIBE_CONFIGS];
  kafka = await startSecuredKafka([
    ...['contract-', 'watch.'].flatMap((topics) =>
      onTopics.map((operation) => right(Resource.TOPIC, topics, operation)),
    ),
    right(Resource.TOPIC, 'watch.', CREATE, 'CN=client'),
    ...[READ, DELETE].map((operation) => right(Resource.GROUP, ANY, operation)),
    right(Resource.TRANSACTIONAL_ID, ANY, WRITE),
  ]);
});
afterAll(() => kafka?.close());

interface Given {
  user?: string;
  password?: string;
  mechanism?: string;
  ca?: string;
}

const withPassword = ({ user = USER, password = PASSWORD, mechanism, ca }: Given = {}) =>
  loadConfig({
    KAFKA_BROKERS: kafka.withPassword,
    KAFKA_TLS_CA_FILE: ca ?? kafka.authority.certFile,
    KAFKA_SASL_MECHANISM: mechanism ?? 'scram-sha-512',
    KAFKA_SASL_USERNAME: user,
    KAFKA_SASL_PASSWORD: password,
  });

const ask = (config: ReturnType<typeof loadConfig>) => askKafka(config, config.KAFKA_BROKERS!);

describeBroker('Kafka with TLS, a user and its rights', () =>
  brokerOf(withPassword(), { kafka: { brokers: [kafka.withPassword] } }, SILENT_STREAM_LOG),
);

test.each(['plain', 'scram-sha-256', 'scram-sha-512'])('%s is answered', async (mechanism) => {
  await expect(ask(withPassword({ mechanism }))).resolves.toBeUndefined();
});

test('a certificate of a client is answered', async () => {
  const { certFile, keyFile } = await kafka.authority.issue('client');
  const config = loadConfig({
    KAFKA_BROKERS: kafka.withCertificate,
    KAFKA_TLS_CA_FILE: kafka.authority.certFile,
    KAFKA_TLS_CERT_FILE: certFile,
    KAFKA_TLS_KEY_FILE: keyFile,
  });
  await expect(ask(config)).resolves.toBeUndefined();
});

test.each([
  ['a wrong password', { password: 'wrong' }, /authentication/i],
  ['a user that is not known', { user: 'nobody' }, /authentication/i],
  ['a wrong password, by PLAIN', { password: 'wrong', mechanism: 'plain' }, /authentication/i],
])('%s is refused, and said at once', async (_what, given, message) => {
  const began = Date.now();
  await expect(ask(withPassword(given))).rejects.toMatchObject({
    code: 'BROKER_REFUSED',
    message: expect.stringMatching(message) as string,
    remedy: expect.stringContaining('KAFKA_SASL_PASSWORD') as string,
  });
  expect(Date.now() - began).toBeLessThan(10_000);
});

test('a broker that another authority has signed is not spoken to', async () => {
  const folder = dirname(kafka.authority.certFile);
  const { certFile } = await makeAuthority(folder);
  await expect(ask(withPassword({ ca: certFile }))).rejects.toMatchObject({
    code: 'BROKER_REFUSED',
    message: expect.stringContaining('certificate') as string,
  });
});

test('a client without a certificate is refused where one is asked for', async () => {
  const config = loadConfig({
    KAFKA_BROKERS: kafka.withCertificate,
    KAFKA_TLS_CA_FILE: kafka.authority.certFile,
  });
  await expect(ask(config)).rejects.toMatchObject({
    code: 'BROKER_REFUSED',
    message: expect.stringMatching(/^[^\n]* bad certificate$/) as string,
  });
});

test('a user without rights is told so', async () => {
  const config = withPassword({ user: STRANGER, mechanism: 'plain' });
  const broker = brokerOf(config, { kafka: { brokers: [kafka.withPassword] } }, SILENT_STREAM_LOG);
  const made = broker.ensureTopics([{ topic: 'contract-of-a-stranger', partitions: 1 }]);
  await expect(made).rejects.toMatchObject({
    code: 'BROKER_REFUSED',
    message: expect.stringMatching(/topic.+authoriz/i) as string,
    remedy: expect.stringContaining('give that user the right') as string,
  });
  await broker.close();
  // Before anything is started beside it, too.
  await expect(ask(config)).rejects.toMatchObject({
    code: 'BROKER_REFUSED',
    remedy: expect.stringContaining('give that user the right') as string,
  });
});

test('topics that cannot be made are told before anything is started', async () => {
  const config = { ...withPassword(), KAFKA_REPLICATION: 3 };
  await expect(ask(config)).rejects.toMatchObject({
    code: 'TOPICS_REFUSED',
    remedy: expect.stringContaining('KAFKA_REPLICATION') as string,
  });
});

test('who comes without TLS, or without a user, is not answered, and told which variables there are', async () => {
  const given = { KAFKA_BROKERS: kafka.withPassword };
  const isTls = { KAFKA_TLS_CA_FILE: kafka.authority.certFile };
  const asked = [given, { ...given, ...isTls }].map((each) => ask(loadConfig(each)));
  for (const outcome of await Promise.allSettled(asked)) {
    const remedy = expect.stringContaining('KAFKA_TLS') as string;
    expect(outcome).toMatchObject({ reason: { code: 'BROKER_UNAVAILABLE', remedy } });
  }
});

test('a file that is not there is told with its variable', () => {
  const config = withPassword({ ca: '/nowhere/ca.pem' });
  expect(() => brokerOf(config, { kafka: { brokers: ['x'] } }, SILENT_STREAM_LOG)).toThrow(
    /KAFKA_TLS_CA_FILE.+no such file.+nowhere/i,
  );
});
