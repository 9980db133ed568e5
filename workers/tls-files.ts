/** The PEM files of TLS that the configuration names; read for each connection, for certificates are renewed. */
import { readFileSync } from 'node:fs';
import { WatchlakeError } from '../core/errors';
import type { Config } from './config';

export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

function read(config: Config, variable: keyof Config): Buffer | undefined {
  const file = config[variable];
  if (typeof file !== 'string') return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    const problems = `${variable}: ${(error as Error).message}`;
    throw new WatchlakeError('CONFIG_INVALID', { problems }, error);
  }
}

/** Undefined where none is given; CONFIG_INVALID when one cannot be read. */
export function tlsFiles(config: Config, service: 'TEMPORAL' | 'KAFKA'): TlsFiles | undefined {
  const files = {
    ca: read(config, `${service}_TLS_CA_FILE`),
    cert: read(config, `${service}_TLS_CERT_FILE`),
    key: read(config, `${service}_TLS_KEY_FILE`),
  };
  return Object.values(files).some((file) => file !== undefined) ? files : undefined;
}
