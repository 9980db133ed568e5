import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../workers/config';
import { tlsFiles } from '../../../workers/tls-files';
import { makeAuthority, type Authority, type Certificate } from '../../support/certificates';

let folder: string;
let authority: Authority;
let client: Certificate;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-tls-files-'));
  authority = await makeAuthority(folder);
  client = await authority.issue('client');
  await writeFile(join(folder, 'notes.txt'), 'no certificate\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const asked = (service: 'TEMPORAL' | 'KAFKA', files: Record<string, string>) => () =>
  tlsFiles(
    loadConfig({
      ...{ TEMPORAL_ADDRESS: 'temporal:7233', KAFKA_BROKERS: 'kafka:9092' },
      ...Object.fromEntries(
        Object.entries(files).map(([name, file]) => [`${service}_TLS_${name}_FILE`, file]),
      ),
    }),
    service,
  );

describe.each(['KAFKA', 'TEMPORAL'] as const)('of %s', (service) => {
  test('files that belong together are taken', () => {
    const { certFile: CERT, keyFile: KEY } = client;
    const files = asked(service, { CA: authority.certFile, CERT, KEY })();
    expect(files?.key?.toString()).toBe(client.key);
    expect(asked(service, {})()).toBeUndefined();
  });

  test('a folder is told as one', () => {
    expect(asked(service, { CA: folder })).toThrow(
      `${service}_TLS_CA_FILE: ${folder} is a folder, a PEM file is needed`,
    );
  });

  test('an authority that is no certificate is told', () => {
    const refusal = /_TLS_CA_FILE: .+ holds no certificate in PEM/;
    expect(asked(service, { CA: join(folder, 'notes.txt') })).toThrow(refusal);
    expect(asked(service, { CA: client.keyFile })).toThrow(refusal);
  });

  test('a key of another certificate, and files in the place of each other, are told', async () => {
    const { certFile: CERT, keyFile: KEY } = client;
    const other = await authority.issue('other');
    expect(asked(service, { CERT, KEY: other.keyFile })).toThrow(
      `${service}_TLS_KEY_FILE: is not the key of the certificate in ${service}_TLS_CERT_FILE`,
    );
    expect(asked(service, { CERT, KEY: CERT })).toThrow(/_TLS_KEY_FILE: .+ holds no key in PEM/);
    expect(asked(service, { CERT: KEY, KEY: CERT })).toThrow(
      /_TLS_CERT_FILE: .+ holds no certificate in PEM/,
    );
  });
});
