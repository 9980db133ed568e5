/**
 * Which events have been stored lately, on disk, so that a restart forgets none.
 *
 * Each device has generations: an event belongs to the one that was current when it was stored, and is known while that
 * is the current or the one before. A generation ends after so many events or so much time; so an event is known until that
 * many others of its device came, or that time passed, at least, and nothing but the generation has to be kept of it.
 * What was acknowledged and not yet written when the process is killed is not known afterwards: sent again it is
 * stored twice, and the landing removes the second by its event id.
 */
import { hash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { open, type Database, type RootDatabase } from 'lmdb';
import type { LastRead } from '../made-anew';

export interface RememberedOptions {
  readonly folder: string;
  readonly eventsPerDevice?: number;
  readonly keepMs?: number;
  readonly now?: () => number;
  /** Devices whose generation is held in memory. */
  readonly devicesInMemory?: number;
}

interface Device {
  readonly prefix: Buffer;
  generation: number;
  /** Events of this generation. */
  count: number;
  startedMs: number;
}

const DAY_MS = 24 * 60 * 60_000;
const PREFIX_BYTES = 8;
const DAY_BYTES = 2;
const ID_BYTES = 12;
const REMOVE_STEP = 500;
/** A generation may last longer by this many when the process is killed. */
const STATE_EVERY = 100;

const PLACE = 'place';
const RENEWAL = 'renewal';

/** Where the events are stored that are remembered. */
export interface StoredPlace {
  readonly topic: string;
  /** By partition, the last message that was stored. */
  readonly last: LastRead;
}

const LAST = Buffer.alloc(DAY_BYTES + ID_BYTES + 1, 0xff);
const FIRST = Buffer.alloc(1);

/** The same number of a device on another day is another event. */
export interface RememberedEvent {
  readonly deviceId: string;
  /** Of its moment, in UTC: days since the epoch. */
  readonly day: number;
  readonly eventId: string;
}

function writeKey(key: Buffer, { prefix }: Device, { day, eventId }: RememberedEvent): Buffer {
  key.set(prefix);
  key.writeUInt16BE(day, PREFIX_BYTES);
  key.write(eventId, PREFIX_BYTES + DAY_BYTES, ID_BYTES, 'hex');
  return key;
}

const newKey = (): Buffer => Buffer.alloc(PREFIX_BYTES + DAY_BYTES + ID_BYTES);

export class RememberedEvents {
  private readonly root: RootDatabase;
  /** Device prefix, day and event id → generation. */
  private readonly events: Database<number, Buffer>;
  /** Device prefix → its state; the id itself need not be kept. */
  private readonly states: Database<Omit<Device, 'prefix'>, Buffer>;
  private readonly devices = new Map<string, Device>();
  private readonly eventsPerDevice: number;
  private readonly keepMs: number;
  private readonly devicesInMemory: number;
  private readonly now: () => number;
  /** Of what is asked for: it is not kept. */
  private readonly asked = newKey();
  private forgetting: Promise<void> = Promise.resolve();
  private closing = false;

  constructor(options: RememberedOptions) {
    this.eventsPerDevice = options.eventsPerDevice ?? 10_000;
    this.keepMs = options.keepMs ?? DAY_MS;
    this.devicesInMemory = options.devicesInMemory ?? 50_000;
    this.now = options.now ?? Date.now;
    this.root = open({ path: options.folder, maxDbs: 4 });
    this.events = this.root.openDB({
      name: 'events',
      keyEncoding: 'binary',
      encoding: 'ordered-binary',
    });
    this.states = this.root.openDB({ name: 'devices', keyEncoding: 'binary' });
  }

  /** Events that take room, known or about to be removed. */
  get size(): number {
    return (this.events.getStats() as { entryCount: number }).entryCount;
  }

  isKnown(event: RememberedEvent): boolean {
    const device = this.deviceOf(event.deviceId);
    const generation = this.events.get(writeKey(this.asked, device, event));
    return generation !== undefined && generation >= device.generation - 1;
  }

  /** Resolves when they are written: until then `isKnown` may say no. */
  async remember(stored: readonly RememberedEvent[]): Promise<void> {
    let written: Promise<unknown> = Promise.resolve();
    for (const event of stored) {
      const device = this.deviceOf(event.deviceId);
      this.turnWhenOver(device);
      if (device.count % STATE_EVERY === 0) this.writeState(device);
      device.count += 1;
      written = this.events.put(writeKey(newKey(), device, event), device.generation);
    }
    // Writes are made in their order: the last one's end is that of all.
    await written;
  }

  /** Where they are stored; undefined when that was never told. */
  get place(): StoredPlace | undefined {
    return this.root.get(PLACE) as StoredPlace | undefined;
  }

  /** In the order of what else is written. */
  keepPlace(place: StoredPlace): void {
    void this.root.put(PLACE, place);
  }

  /** The newest consent given anew that is known of; 0 before there is one. */
  get renewal(): number {
    return (this.root.get(RENEWAL) as number | undefined) ?? 0;
  }

  async keepRenewal(renewal: number): Promise<void> {
    await this.root.put(RENEWAL, renewal);
  }

  /** At once, whatever is being written. */
  async forgetAll(): Promise<void> {
    this.devices.clear();
    await Promise.all([this.events.clearAsync(), this.states.clearAsync()]);
  }

  /** Forgets devices that have been silent for long; the others forget as they go on. */
  sweep(): Promise<void> {
    this.forgetting = this.forgetting.then(() => this.forgetSilent());
    return this.forgetting;
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.forgetting;
    await this.root.flushed;
    await this.root.close();
  }

  private deviceOf(deviceId: string): Device {
    const held = this.devices.get(deviceId);
    if (held !== undefined) return held;
    const prefix = hash('sha256', deviceId, 'buffer').subarray(0, PREFIX_BYTES);
    const state = this.states.get(prefix) ?? { generation: 1, count: 0, startedMs: this.now() };
    if (this.devices.size >= this.devicesInMemory) this.devices.clear();
    const device = { prefix, ...state };
    this.devices.set(deviceId, device);
    return device;
  }

  /** One that began later than now was begun by a clock that was ahead, and would hardly end. */
  private ageOf({ startedMs }: Pick<Device, 'startedMs'>): number {
    return Math.abs(this.now() - startedMs);
  }

  private turnWhenOver(device: Device): void {
    const isOver = device.count >= this.eventsPerDevice || this.ageOf(device) >= this.keepMs;
    if (!isOver) return;
    device.generation += 1;
    device.count = 0;
    device.startedMs = this.now();
    const { prefix, generation } = device;
    this.forgetting = this.forgetting.then(() => this.forget(prefix, generation - 1));
  }

  private writeState({ prefix, ...state }: Device): void {
    void this.states.put(prefix, state);
  }

  private async forgetSilent(): Promise<void> {
    for (const { key, value } of this.states.getRange({ snapshot: false })) {
      const { generation, startedMs } = value;
      if (this.ageOf({ startedMs }) <= 2 * this.keepMs) continue;
      const prefix = Buffer.from(key);
      // A device that speaks meanwhile begins the next generation, which stays.
      await this.forget(prefix, generation + 1);
      if (this.closing) return;
      await this.root.transaction(() => {
        if (this.states.get(prefix)?.generation === generation) void this.states.remove(prefix);
      });
    }
  }

  /** Removes the device's events of generations before this one, a few at a time. */
  private async forget(prefix: Buffer, generation: number): Promise<void> {
    let start = prefix;
    while (!this.closing) {
      const range = { start, end: Buffer.concat([prefix, LAST]), limit: REMOVE_STEP };
      const step = [...this.events.getRange(range)];
      const old = step.filter(({ value }) => value < generation);
      await Promise.all(old.map(({ key }) => this.events.remove(key)));
      if (step.length < REMOVE_STEP) return;
      start = Buffer.concat([step.at(-1)?.key ?? prefix, FIRST]);
      await nextTurn();
    }
  }
}
