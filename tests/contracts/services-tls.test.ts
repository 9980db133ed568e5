/** PostgreSQL and Temporal over TLS, signed by an authority of one's own, as the configuration names it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { Client } from 'pg';
import { examineDatabase, examineTemporal } from '../../cli/doctor-services';
import { createDatabase } from '../../core/postgres';
import { migrate, openPool } from '../../registry/database';
import { loadConfig } from '../../workers/config';
import { connectClient, connectWorker } from '../../workers/temporal';
import { makeAuthority, type Authority, type Certificate } from '../support/certificates';

jest.setTimeout(60_000);

let folder: string;
let authority: Authority;
let stranger: Authority;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-tls-'));
  authority = await makeAuthority(folder);
  stranger = await makeAuthority(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('PostgreSQL', () => {
  const address = () => new URL(process.env['DATABASE_URL'] ?? '');

  async function asOwner(...statements: readonly string[]): Promise<void> {
    const client = new Client({ connectionString: address().href });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  }

  // The server itself has to own its key: it writes the files into its folder.
  const written = (file: string, pem: string): string =>
    `COPY (SELECT unnest(string_to_array('${pem.trim()}', E'\\n')))
     TO PROGRAM 'umask 077; cat > ${file}'`;

  beforeAll(async () => {
    const { cert, key } = await authority.issue('postgres');
    await asOwner(
      written('tests.pem', cert),
      written('tests.key', key),
      `ALTER SYSTEM SET ssl_cert_file = 'tests.pem'`,
      `ALTER SYSTEM SET ssl_key_file = 'tests.key'`,
      'ALTER SYSTEM SET ssl = on',
      'SELECT pg_reload_conf()',
    );
  });
  afterAll(() =>
    asOwner(
      'ALTER SYSTEM RESET ssl',
      'ALTER SYSTEM RESET ssl_cert_file',
      'ALTER SYSTEM RESET ssl_key_file',
      'SELECT pg_reload_conf()',
    ),
  );

  const over = (mode: string, ca?: string): string => {
    const url = address();
    url.searchParams.set('sslmode', mode);
    if (ca !== undefined) url.searchParams.set('sslrootcert', ca);
    return url.href;
  };

  async function ask(url: string) {
    const pool = openPool(url);
    try {
      const sql = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
      const { rows } = await createDatabase(pool).query<{ ssl: boolean }>(sql);
      return rows[0]?.ssl;
    } finally {
      await pool.end();
    }
  }

  test('is spoken to over TLS when the address says so', async () => {
    expect(await ask(over('verify-full', authority.certFile))).toBe(true);
    expect(await ask(address().href)).toBe(false);
    const found = await examineDatabase(over('verify-full', authority.certFile));
    expect(found.status).toBe('ok');
  });

  test('is refused when another authority has signed it', async () => {
    const url = over('verify-full', stranger.certFile);
    await expect(ask(url)).rejects.toMatchObject({
      code: 'DATABASE_REFUSED',
      message: expect.stringContaining('certificate') as string,
    });
    expect(await examineDatabase(url)).toMatchObject({
      ...{ status: 'missing', remedy: expect.stringContaining('sslrootcert') as string },
    });
  });
});

test.each(['/nowhere/ca.pem', tmpdir()])(
  'an authority of PostgreSQL in %s, which is no file, is told with where to correct it',
  async (file) => {
    const url = `postgres://me:secret@127.0.0.1:1/db?sslmode=verify-full&sslrootcert=${file}`;
    const told = {
      code: 'DATABASE_REFUSED',
      message: expect.stringMatching(/that the address names cannot be read: E/) as string,
      remedy: expect.stringContaining('sslrootcert') as string,
    };
    const pool = openPool(url);
    await expect(createDatabase(pool).query('SELECT 1')).rejects.toMatchObject(told);
    await pool.end();
    await expect(migrate(url)).rejects.toMatchObject(told);
    const { message: found, remedy } = told;
    expect(await examineDatabase(url)).toMatchObject({ status: 'missing', found, remedy });
  },
);

describe('Temporal', () => {
  let server: Server;

  /** TLS that ends before the server, as in front of many: who comes has to show a certificate. */
  beforeAll(async () => {
    const { cert, key } = await authority.issue('temporal');
    const [host, port] = (process.env['TEMPORAL_ADDRESS'] ?? '').split(':');
    const options = { cert, key, ca: authority.cert, requestCert: true, ALPNProtocols: ['h2'] };
    server = createServer(options, (secured) => {
      const plain = connect(Number(port), host);
      for (const [one, other] of [
        [secured, plain],
        [plain, secured],
      ] as const) {
        one.pipe(other);
        one.on('error', () => other.destroy());
      }
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void server.close());

  const configOf = (ca: Authority, client?: Certificate) =>
    loadConfig({
      TEMPORAL_ADDRESS: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      TEMPORAL_TLS_CA_FILE: ca.certFile,
      ...(client && {
        TEMPORAL_TLS_CERT_FILE: client.certFile,
        TEMPORAL_TLS_KEY_FILE: client.keyFile,
      }),
    });

  test('is reached by clients and workers that show a certificate', async () => {
    const config = configOf(authority, await authority.issue('client'));
    const address = config.TEMPORAL_ADDRESS!;
    const { connection } = await connectClient(config, address);
    await connection.close();
    const worker = await connectWorker(config, address);
    const { namespaceInfo } = await worker.workflowService.describeNamespace({
      namespace: config.TEMPORAL_NAMESPACE,
    });
    expect(namespaceInfo?.name).toBe(config.TEMPORAL_NAMESPACE);
    await worker.close();
    expect(await examineTemporal(config, address)).toMatchObject({ status: 'ok', found: address });
  });

  test('is reached neither by who trusts another authority, nor without a certificate', async () => {
    const configs = [configOf(stranger, await authority.issue('client')), configOf(authority)];
    // Each waits for an answer until its time is over.
    const asked = configs.map((config) => connectClient(config, config.TEMPORAL_ADDRESS!));
    for (const outcome of await Promise.allSettled(asked))
      expect(outcome).toMatchObject({
        reason: {
          code: 'TEMPORAL_UNAVAILABLE',
          message: expect.stringContaining('with TLS') as string,
        },
      });
  });

  test('a namespace that is not there is told with its variable', async () => {
    const config = loadConfig({ TEMPORAL_NAMESPACE: 'nowhere' });
    expect(await examineTemporal(config, process.env['TEMPORAL_ADDRESS'] ?? '')).toMatchObject({
      found: expect.stringContaining('nowhere') as string,
      remedy: expect.stringContaining('TEMPORAL_NAMESPACE') as string,
    });
  });
});

test('a certificate without its key is no configuration', () => {
  const given = { TEMPORAL_TLS_CERT_FILE: authority.certFile, KAFKA_SASL_USERNAME: 'me' };
  expect(() => loadConfig(given)).toThrow(
    /TEMPORAL_TLS_KEY_FILE: is needed with TEMPORAL_TLS_CERT_FILE.+KAFKA_SASL_MECHANISM: is needed/,
  );
});
