/** Everything that is kept anywhere, as text: to look for a person in it by other means than the product's. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Pool } from 'pg';
import type { Broker } from '../../streaming/ports';

/** By place, what lies there in lower case. */
export type Traces = ReadonlyMap<string, string>;

async function parquetText(path: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `SELECT CAST(r AS VARCHAR) FROM read_parquet('${path}', hive_partitioning = false) r`,
    );
    return reader.getRows().flat().join('\n');
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Every file under the folder, whatever its name, with the content of Parquet unpacked. */
export async function folderTraces(folder: string): Promise<Traces> {
  const traces = new Map<string, string>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = (await readFile(path)).toString('latin1');
    const rows = path.endsWith('.parquet') ? await parquetText(path) : '';
    traces.set(path, `${path}\n${bytes}\n${rows}`.toLowerCase());
  }
  return traces;
}

export async function databaseTraces(pool: Pool): Promise<Traces> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const traces = new Map<string, string>();
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
    traces.set(
      name,
      rows
        .map(({ row }) => row)
        .join('\n')
        .toLowerCase(),
    );
  }
  return traces;
}

export async function topicTraces(broker: Broker, topics: readonly string[]): Promise<Traces> {
  const traces = new Map<string, string>();
  for (const topic of topics) {
    let text = '';
    for await (const messages of broker.read({ topic })) {
      for (const { key, value, headers } of messages) {
        text += `${key} ${value?.toString('latin1')} ${JSON.stringify(headers)}\n`;
      }
    }
    traces.set(topic, text.toLowerCase());
  }
  return traces;
}

// Payloads are bytes within the events.
const readable = (_name: string, value: unknown): unknown => {
  const bytes = value as { type?: string; data?: number[] } | null;
  return bytes?.type === 'Buffer' ? Buffer.from(bytes.data ?? []).toString('utf8') : value;
};

export async function historyTraces(client: Client): Promise<Traces> {
  const traces = new Map<string, string>();
  for await (const { workflowId, runId } of client.workflow.list()) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const events = JSON.stringify(
      (history.events ?? []).map((event) => asPlain(event)),
      readable,
    );
    traces.set(`${workflowId}#${runId}`, events.toLowerCase());
  }
  return traces;
}

/** Buffers keep their kind, Longs and enumerations do not matter here. */
function asPlain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return value.map(asPlain);
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? '' : value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asPlain(inner)]));
}

/** Where the text is found. */
export const placesWith = (text: string, ...all: readonly Traces[]): string[] =>
  all.flatMap((traces) =>
    [...traces].filter(([, held]) => held.includes(text.toLowerCase())).map(([place]) => place),
  );
