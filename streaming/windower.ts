/** Turns one partition's batches into complete windows, the same ones however often it is restarted. */
import { WatchlakeError } from '../core/errors';
import type { SampleSpan, SignalSpec } from '../models/signal';
import { windowId } from '../models/windows';
import { DeviceTrack, type TrackedWindow } from './device-track';

export interface WindowerOptions {
  readonly dataset: string;
  readonly signal: SignalSpec;
  /** A device that stays silent while its partition grows by so much is closed and forgotten. */
  readonly silentAfterOffsets?: number;
}

export const DEFAULT_SILENT_AFTER_OFFSETS = 10_000;

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
  /** In the order of their last message, the most silent one first. */
  private readonly devices = new Map<string, KnownDevice>();

  constructor(options: WindowerOptions) {
    checkSignal(options.signal);
    this.options = { silentAfterOffsets: DEFAULT_SILENT_AFTER_OFFSETS, ...options };
  }

  /** The first offset that is needed to rebuild the state; null when nothing is open. */
  get neededFrom(): number | null {
    let needed: number | null = null;
    for (const { track } of this.devices.values()) {
      const from = track.neededFrom;
      if (from !== null && (needed === null || from < needed)) needed = from;
    }
    return needed;
  }

  /** Offsets have to grow from call to call. */
  push(input: WindowerInput): { windows: ClosedWindow[]; late: SampleSpan | null } {
    const { device, offset, span, subjectKey, last } = input;
    const windows = [...this.pass(offset), ...this.closeOtherSubject(device, subjectKey)];
    const track = this.devices.get(device)?.track ?? new DeviceTrack(this.options.signal);
    this.devices.delete(device);
    this.devices.set(device, { track, subjectKey, lastOffset: offset });
    const { windows: complete, late } = track.push(offset, span);
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
    }
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
