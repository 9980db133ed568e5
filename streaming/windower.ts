/** Turns one partition's batches into complete windows, the same ones however often it is restarted. */
import { WatchlakeError } from '../core/errors';
import type { SampleSpan, SignalSpec } from '../models/signal';
import { windowId } from '../models/windows';
import { DeviceTrack, type TrackedWindow } from './device-track';
import { ForgottenDevices } from './forgotten-devices';

export interface WindowerOptions {
  readonly dataset: string;
  readonly signal: SignalSpec;
  /** A device that sends nothing in time while its partition grows by so much is closed and forgotten. */
  readonly silentAfterOffsets?: number;
}

const DEFAULT_SILENT_AFTER_OFFSETS = 10_000;

export interface WindowerInput {
  readonly offset: number;
  readonly device: string;
  readonly subjectKey: string;
  readonly span: SampleSpan;
  readonly last: boolean;
}

export interface ClosedWindow {
  readonly windowId: string;
  readonly device: string;
  readonly subjectKey: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Views on memory that nobody changes later. */
  readonly span: SampleSpan;
}

interface KnownDevice {
  readonly track: DeviceTrack;
  readonly subjectKey: string;
  /** Of the last message that brought a sample in time. */
  readonly lastOffset: number;
}

/** Refuses a grid on which one window could be complete in two recordings of a device. */
function checkSignal({ window, maxGapMs, channels }: SignalSpec): void {
  const fault =
    (window.stepMs <= 0 && 'window.stepMs has to be positive') ||
    (window.lengthMs < 2 * maxGapMs && 'window.lengthMs has to be at least twice maxGapMs') ||
    (channels.length === 0 && 'channels may not be empty');
  if (fault) throw new WatchlakeError('INPUT_INVALID', { field: 'signal', detail: fault });
}

/**
 * All that it does depends on the messages and their offsets alone, never on a clock or on how
 * they were fetched. Reading again from `neededFrom` therefore rebuilds its state exactly.
 */
export class Windower {
  private readonly options: Required<WindowerOptions>;
  /** In the order of their last message that brought a sample in time. */
  private readonly devices = new Map<string, KnownDevice>();
  private readonly forgotten: ForgottenDevices;

  constructor(options: WindowerOptions) {
    checkSignal(options.signal);
    this.options = { silentAfterOffsets: DEFAULT_SILENT_AFTER_OFFSETS, ...options };
    this.forgotten = new ForgottenDevices(this.options.silentAfterOffsets);
  }

  /** The first offset that is needed to rebuild the state; null when nothing is open. */
  get neededFrom(): number | null {
    let needed = this.forgotten.neededFrom;
    for (const { track } of this.devices.values()) {
      needed = Math.min(needed, track.neededFrom ?? Infinity);
    }
    return needed === Infinity ? null : needed;
  }

  /** Offsets have to grow from call to call. */
  push(input: WindowerInput): { windows: ClosedWindow[]; late: SampleSpan | null } {
    const { device, offset, span, subjectKey, last } = input;
    const windows = [...this.pass(offset), ...this.closeOtherSubject(device, subjectKey)];
    const known = this.devices.get(device);
    // A first message without samples tells nothing of the device.
    if (!known && span.timestampsMs.length === 0) return { windows, late: null };
    const { signal } = this.options;
    const track = known?.track ?? new DeviceTrack(signal, this.forgotten.take(device));
    const { windows: complete, late, isAccepted } = track.push(offset, span);
    // A device whose samples are all late is forgotten in its turn: one clock that was ahead does not silence it for good.
    if (isAccepted) this.devices.delete(device);
    const lastOffset = isAccepted ? offset : (known?.lastOffset ?? offset);
    this.devices.set(device, { track, subjectKey, lastOffset });
    if (last) complete.push(...track.close());
    windows.push(...complete.map((window) => this.closedWindow(device, subjectKey, window)));
    return { windows, late };
  }

  /** No window holds samples of two people. */
  private closeOtherSubject(device: string, subjectKey: string): ClosedWindow[] {
    const known = this.devices.get(device);
    if (!known || known.subjectKey === subjectKey) return [];
    return known.track.close().map((one) => this.closedWindow(device, known.subjectKey, one));
  }

  /** Takes note of an offset, also of one that brings no samples; closes the silent devices. */
  pass(offset: number): ClosedWindow[] {
    const windows: ClosedWindow[] = [];
    for (const [device, { track, subjectKey, lastOffset }] of this.devices) {
      if (lastOffset >= offset - this.options.silentAfterOffsets) break;
      windows.push(...track.close().map((one) => this.closedWindow(device, subjectKey, one)));
      this.devices.delete(device);
      const doubt = track.doubtLeft;
      if (doubt) this.forgotten.add(device, doubt, offset);
    }
    this.forgotten.pass(offset);
    return windows;
  }

  private closedWindow(device: string, subjectKey: string, window: TrackedWindow): ClosedWindow {
    const { dataset, signal } = this.options;
    const { startMs, span } = window;
    const id = windowId({ dataset, device, startMs, window: signal.window });
    const endMs = startMs + signal.window.lengthMs;
    return { windowId: id, device, subjectKey, startMs, endMs, span };
  }
}
