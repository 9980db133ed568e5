/** Connections to Temporal, for clients and for workers, with TLS and API keys from the configuration. */
import { readFile } from 'node:fs/promises';
import { Client, Connection, type TLSConfig } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Config } from './config';

async function tlsOf(config: Config): Promise<TLSConfig | boolean | undefined> {
  const read = async (file: string | undefined) => (file ? await readFile(file) : undefined);
  const [ca, crt, key] = await Promise.all([
    read(config.TEMPORAL_TLS_CA_FILE),
    read(config.TEMPORAL_TLS_CERT_FILE),
    read(config.TEMPORAL_TLS_KEY_FILE),
  ]);
  const clientCertPair = crt && key ? { crt, key } : undefined;
  const serverName = config.TEMPORAL_TLS_SERVER_NAME;
  if (!config.TEMPORAL_TLS && !config.TEMPORAL_API_KEY && !ca && !clientCertPair) return undefined;
  return {
    ...(ca ? { serverRootCACertificate: ca } : {}),
    ...(clientCertPair ? { clientCertPair } : {}),
    ...(serverName ? { serverNameOverride: serverName } : {}),
  };
}

const optionsOf = async (config: Config, address: string) => ({
  address,
  tls: await tlsOf(config),
  apiKey: config.TEMPORAL_API_KEY,
});

/** A client for commands and activities; close its connection when done. */
export async function connectClient(config: Config, address: string): Promise<Client> {
  const connection = await Connection.connect(await optionsOf(config, address));
  return new Client({ connection, namespace: config.TEMPORAL_NAMESPACE });
}

export const connectWorker = async (config: Config, address: string): Promise<NativeConnection> =>
  NativeConnection.connect(await optionsOf(config, address));
