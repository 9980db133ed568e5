/** The parts that commands drive, loaded only when a command needs them: `--help` stays quick. */
import type { OnProgress } from '../stack/progress';
import type { CommandContext, CommandLake } from '../workers/connect';
import type { Config } from '../workers/config';
import type { SendOptions, SendResult } from '../streaming/send/send-events';
import type { RunningApp } from '../workers/app';
import type { OnWait } from '../workers/awaited-parts';
import type { CommandTopics } from '../workers/topics';
import type { IngestPlace, RunningIngest } from '../workers/ingest';
import type { DeviceProfiles } from '../workers/devices';
import type { UpState } from '../workers/state';
import type { ApplyOptions, ScheduleState, Triggered } from '../workers/schedules';
import type { Client } from '@temporalio/client';
import type { Generated } from '../telemetry/generator/generate';
import type { GeneratorOptions } from '../telemetry/generator/options';
import type { DeviceQuery } from '../devices/query';
import type { DeviceTokens } from '../devices/tokens';
import type { QueryResult } from '../lakehouse/ports';
import type { FormatName } from '../lakehouse/dataset-format';
import type { OpenOptions } from '../lakehouse/sources/open-source';
import type { Finding } from './finding';

export interface StartOptions {
  config: Config;
  onProgress: OnProgress;
}

export interface Services {
  up(options: StartOptions): Promise<UpState>;
  runForeground(options: StartOptions & { onReady: (state: UpState) => void }): Promise<void>;
  down(options: { home: string; onProgress: OnProgress }): Promise<{ stopped: boolean }>;
  readState(home: string): Promise<UpState | null>;
  /** The process that has the home, also while there is nothing to show yet. */
  supervisorOf(home: string): Promise<number | null>;
  /** Waits for parts that are being started where `onWait` is given, and so do those below. */
  connect(config: Config, onWait?: OnWait): Promise<CommandContext>;
  openLake(config: Config): Promise<CommandLake>;
  /** The id of an archive's content; which files belong to it, its format tells. */
  sourceHash(
    source: string,
    format: FormatName,
    config: Config,
    telling?: Pick<OpenOptions, 'onNote' | 'onProgress' | 'onHashed'>,
  ): Promise<string>;
  /** What was fetched to identify it and has landed is not needed any more. */
  forgetSource(source: string, config: Config): Promise<void>;
  applySchedules(
    client: Client,
    file: string,
    options: Omit<ApplyOptions, 'declarations'>,
  ): Promise<ScheduleState[]>;
  listSchedules(options: { client: Client }): Promise<ScheduleState[]>;
  pauseSchedule(client: Client, id: string, paused: boolean): Promise<void>;
  triggerSchedule(client: Client, id: string): Promise<Triggered>;
  examine(config: Config): Promise<Finding[]>;
  /** The names of the migrations that the database lacked. */
  migrate(config: Config, onWait?: OnWait): Promise<string[]>;
  startPage(config: Config, onWait?: OnWait): Promise<RunningApp>;
  generateDeviceEvents(
    folder: string,
    options: Partial<GeneratorOptions>,
    onDay: (done: number) => void,
  ): Promise<Generated>;
  startIngest(config: Config, place: IngestPlace, onWait?: OnWait): Promise<RunningIngest>;
  sendEvents(options: SendOptions): Promise<SendResult>;
  openDeviceProfiles(
    config: Config,
    onWait?: OnWait,
  ): Promise<{ profiles: DeviceProfiles; close(): Promise<void> }>;
  /** Aggregates and profiles in PostgreSQL. */
  queryDeviceTables(config: Config, query: DeviceQuery, onWait?: OnWait): Promise<QueryResult>;
  openTopics(
    config: Config,
    onWait?: OnWait,
  ): Promise<{ topics: CommandTopics; close(): Promise<void> }>;
  openDeviceTokens(
    config: Config,
    onWait?: OnWait,
  ): Promise<{ tokens: DeviceTokens; close(): Promise<void> }>;
}

/** Our own compiled modules are CommonJS: `import()` hands them over as the default export. */
const loaded = async <Module>(module: Promise<{ default: Module }>): Promise<Module> =>
  (await module).default;

const control = () => loaded(import('../workers/control.js'));
const connection = () => loaded(import('../workers/connect.js'));
const schedules = () => loaded(import('../workers/schedules.js'));
const sources = () => loaded(import('../workers/sources.js'));
const sending = () => loaded(import('../streaming/send/send-events.js'));
const devices = () => loaded(import('../workers/devices.js'));
const topics = () => loaded(import('../workers/topics.js'));
const ingest = () => loaded(import('../workers/ingest.js'));
const page = () => loaded(import('../workers/page.js'));
const migrations = () => loaded(import('../workers/migrations.js'));
const generator = () => loaded(import('../telemetry/generator/generate.js'));
const doctor = () => loaded(import('./doctor.js'));

export const realServices: Services = {
  up: async (options) => (await control()).up(options),
  runForeground: async (options) => (await control()).runForeground(options),
  down: async (options) => (await control()).down(options),
  readState: async (home) => (await control()).readState(home),
  supervisorOf: async (home) => (await control()).supervisorOf(home),
  connect: async (config, onWait) => (await connection()).connectCommand(config, onWait),
  openLake: async (config) => (await connection()).openLake(config),
  sourceHash: async (source, format, config, telling) =>
    (await sources()).identifySource(source, format, config, telling),
  forgetSource: async (source, config) => (await sources()).forgetSource(source, config),
  applySchedules: async (client, file, options) => {
    const { applySchedules, readDeclarations } = await schedules();
    return applySchedules(client, { ...options, declarations: await readDeclarations(file) });
  },
  listSchedules: async (options) => (await schedules()).listSchedules(options),
  pauseSchedule: async (client, id, paused) =>
    (await schedules()).pauseSchedule(client, id, paused),
  triggerSchedule: async (client, id) => (await schedules()).triggerSchedule(client, id),
  examine: async (config) => (await doctor()).examine(config),
  migrate: async (config, onWait) => (await migrations()).migrateConfigured(config, onWait),
  startPage: async (config, onWait) => (await page()).startPage(config, onWait),
  generateDeviceEvents: async (folder, options, onDay) =>
    (await generator()).generateDeviceEvents(folder, options, onDay),
  startIngest: async (config, place, onWait) => (await ingest()).startIngest(config, place, onWait),
  sendEvents: async (options) => (await sending()).sendEvents(options),
  openDeviceProfiles: async (config, onWait) =>
    (await devices()).openDeviceProfiles(config, onWait),
  queryDeviceTables: async (config, query, onWait) =>
    (await devices()).queryDeviceTables(config, query, onWait),
  openTopics: async (config, onWait) => (await topics()).openTopics(config, onWait),
  openDeviceTokens: async (config, onWait) => (await ingest()).openDeviceTokens(config, onWait),
};
