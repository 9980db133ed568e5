/** An authority of the tests, and certificates that it signs: for servers on loopback, and for clients. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Authority extends Certificate {
  issue(name: string): Promise<Certificate>;
}

const named = (value: string) => [{ name: 'commonName', value }];
const KIND = { keyType: 'ec', algorithm: 'sha256' } as const;

/** Files lie in the folder: whoever may read it has the keys. */
export async function makeAuthority(folder: string): Promise<Authority> {
  const written = async (pems: { cert: string; private: string }): Promise<Certificate> => {
    const name = randomUUID();
    const [certFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
    await writeFile(certFile, pems.cert);
    await writeFile(keyFile, pems.private, { mode: 0o600 });
    return { cert: pems.cert, key: pems.private, certFile, keyFile };
  };
  const authority = await generate(named('Authority of the tests'), {
    ...KIND,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return {
    ...(await written(authority)),
    async issue(name) {
      const altNames = [
        { type: 2 as const, value: 'localhost' },
        { type: 7 as const, ip: '127.0.0.1' },
      ];
      const ca = { key: authority.private, cert: authority.cert };
      const extensions = [{ name: 'subjectAltName' as const, altNames }];
      return written(await generate(named(name), { ...KIND, ca, extensions }));
    },
  };
}
