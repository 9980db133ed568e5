/** The record of one home's stack: which processes run, since when, and where they answer. */
import { join } from 'node:path';
import { readTextIfPresent, writeFileAtomically } from './files';
import type { PortName } from './ports';
import { isRunning, type ProcessRecord } from './processes';

export type ComponentName = 'temporal' | 'kafka' | 'postgres';

export interface ComponentRecord extends ProcessRecord {
  readonly state: 'starting' | 'running';
  readonly startedAt: string;
  readonly logFile: string;
  /** Where it answers; a secret is never part of it. */
  readonly addresses: Readonly<Record<string, string>>;
}

export interface StackRecord {
  readonly formatVersion: 1;
  readonly home: string;
  /** By the component's name. */
  readonly processes: Record<string, ComponentRecord>;
  /** The ports of the last start: the next one prefers them, so that addresses stay the same. */
  readonly ports: Partial<Record<PortName, number>>;
}

const pathOf = (home: string): string => join(home, 'stack.json');

/** The record as it was last written; an unreadable one counts as none. */
export async function readStackRecord(home: string): Promise<StackRecord | undefined> {
  const text = await readTextIfPresent(pathOf(home));
  if (text === undefined) return undefined;
  try {
    const record = JSON.parse(text) as StackRecord;
    return record.formatVersion === 1 && record.home === home ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Changes to one home's record, written whole and one after the other. */
export class StackFile {
  readonly #home: string;
  #record: StackRecord;
  #writing: Promise<void> = Promise.resolve();

  private constructor(home: string, record: StackRecord) {
    this.#home = home;
    this.#record = record;
  }

  /** Only the holder of the home's lock may open it for changes. */
  static async open(home: string): Promise<StackFile> {
    const empty: StackRecord = { formatVersion: 1, home, processes: {}, ports: {} };
    return new StackFile(home, (await readStackRecord(home)) ?? empty);
  }

  get record(): StackRecord {
    return this.#record;
  }

  /** The process when it still runs. */
  running(name: string): ComponentRecord | undefined {
    const record = this.#record.processes[name];
    return record && isRunning(record) ? record : undefined;
  }

  async set(name: string, component: ComponentRecord): Promise<void> {
    const processes = { ...this.#record.processes, [name]: component };
    await this.#write({ ...this.#record, processes });
  }

  async remove(name: string): Promise<void> {
    const { [name]: _removed, ...processes } = this.#record.processes;
    await this.#write({ ...this.#record, processes });
  }

  async rememberPorts(ports: StackRecord['ports']): Promise<void> {
    await this.#write({ ...this.#record, ports: { ...this.#record.ports, ...ports } });
  }

  async #write(record: StackRecord): Promise<void> {
    this.#record = record;
    const write = () =>
      writeFileAtomically(pathOf(this.#home), `${JSON.stringify(this.#record, null, 2)}\n`);
    // One that failed, as on a full disk, was told to its caller; the next one may succeed.
    this.#writing = this.#writing.then(write, write);
    await this.#writing;
  }
}
