/** Connections to Temporal, for clients and for workers, with TLS and API keys from the configuration. */
import { Client, Connection, type TLSConfig } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { WatchlakeError } from '../core/errors';
import type { Config } from './config';
import { tlsFiles } from './tls-files';

function tlsOf(config: Config): TLSConfig | undefined {
  const files = tlsFiles(config, 'TEMPORAL');
  const serverName = config.TEMPORAL_TLS_SERVER_NAME;
  if (!config.TEMPORAL_TLS && !config.TEMPORAL_API_KEY && files === undefined) return undefined;
  const { ca, cert: crt, key } = files ?? {};
  return {
    ...(ca ? { serverRootCACertificate: ca } : {}),
    ...(crt && key ? { clientCertPair: { crt, key } } : {}),
    ...(serverName ? { serverNameOverride: serverName } : {}),
  };
}

const optionsOf = (config: Config, address: string) => ({
  address,
  tls: tlsOf(config),
  apiKey: config.TEMPORAL_API_KEY,
});

// All that the client says of a server that is not there.
const NO_CONNECTION = 'Failed to connect before the deadline';

function connectionError(error: unknown, address: string, isTls: boolean): unknown {
  if (!(error instanceof Error) || error.message !== NO_CONNECTION) return error;
  // Who speaks TLS to a server that does not, or the other way round, hears nothing else.
  const detail = `there is no connection to ${address} ${isTls ? 'with' : 'without'} TLS.`;
  return new WatchlakeError('TEMPORAL_UNAVAILABLE', { detail }, error);
}

/** A client for commands and activities; close its connection when done. Throws TEMPORAL_UNAVAILABLE. */
export async function connectClient(config: Config, address: string): Promise<Client> {
  const options = optionsOf(config, address);
  const connection = await Connection.connect(options).catch((error: unknown) => {
    throw connectionError(error, address, options.tls !== undefined);
  });
  return new Client({ connection, namespace: config.TEMPORAL_NAMESPACE });
}

export const connectWorker = async (config: Config, address: string): Promise<NativeConnection> =>
  NativeConnection.connect(optionsOf(config, address));
