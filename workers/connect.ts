/** What a command needs of a running system: a client, the registry and the lake. */
import type { Client } from '@temporalio/client';
import { WatchlakeError } from '../core/errors';
import type { QueryResult } from '../lakehouse/ports';
import type { Registry } from '../registry/registry';
import type { Addresses } from './addresses';
import type { Config } from './config';

export interface VacuumResult {
  removed: number;
  bytes: number;
}

export interface CommandContext {
  client: Client;
  addresses: Addresses;
  registry: Registry;
  /** Keeps what the catalogue, a model card or a running workflow refers to. */
  vacuum(options: { dataset?: string; dryRun: boolean }): Promise<VacuumResult>;
  /** Tells running predictors through the control topic. */
  announceChampion(options: { model: string; version: string }): Promise<void>;
  close(): Promise<void>;
}

/** The lake alone: it is a folder, and needs nothing that runs. */
export interface CommandLake {
  query(options: { sql: string; dataset?: string; maximumRows: number }): Promise<QueryResult>;
}

export async function connectCommand(_config: Config): Promise<CommandContext> {
  throw new WatchlakeError('STACK_NOT_RUNNING');
}

export async function openLake(_config: Config): Promise<CommandLake> {
  throw new WatchlakeError('STACK_NOT_RUNNING');
}
