/** The PEM files of TLS that the configuration names; read once for each client, a worker's when it starts. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { WatchlakeError } from '../core/errors';
import type { Config } from './config';

export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

type Service = 'TEMPORAL' | 'KAFKA';

const invalid = (variable: string, problem: string, cause?: unknown): WatchlakeError =>
  new WatchlakeError('CONFIG_INVALID', { problems: `${variable}: ${problem}` }, cause);

function read(config: Config, variable: keyof Config): Buffer | undefined {
  const file = config[variable];
  if (typeof file !== 'string') return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isFolder = code === 'EISDIR';
    throw invalid(
      variable,
      isFolder ? `${file} is a folder, a PEM file is needed` : message,
      error,
    );
  }
}

// Node.js leaves out what is no PEM in silence: the server would seem to be one that nobody known has signed.
function certificateOf(config: Config, variable: keyof Config, pem: Buffer): X509Certificate {
  try {
    if (pem.includes('-----BEGIN ')) return new X509Certificate(pem);
  } catch {
    // Told as any other file that is none.
  }
  throw invalid(variable, `${String(config[variable])} holds no certificate in PEM`);
}

function keyOf(config: Config, variable: keyof Config, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    const problem = `${String(config[variable])} holds no key in PEM that is read without a password`;
    throw invalid(variable, problem);
  }
}

function requireUsable(config: Config, service: Service, { ca, cert, key }: TlsFiles): void {
  if (ca) certificateOf(config, `${service}_TLS_CA_FILE`, ca);
  if (!cert || !key) return;
  const certificate = certificateOf(config, `${service}_TLS_CERT_FILE`, cert);
  const variable = `${service}_TLS_KEY_FILE` as const;
  if (certificate.checkPrivateKey(keyOf(config, variable, key))) return;
  throw invalid(variable, `is not the key of the certificate in ${service}_TLS_CERT_FILE`);
}

/** Undefined where none is given; CONFIG_INVALID when one cannot be read, or is not what it has to be. */
export function tlsFiles(config: Config, service: Service): TlsFiles | undefined {
  const files = {
    ca: read(config, `${service}_TLS_CA_FILE`),
    cert: read(config, `${service}_TLS_CERT_FILE`),
    key: read(config, `${service}_TLS_KEY_FILE`),
  };
  if (Object.values(files).every((file) => file === undefined)) return undefined;
  requireUsable(config, service, files);
  return files;
}
