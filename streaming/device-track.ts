/** One device's open windows: which samples they still need, and since which offset. */
import type { SampleSpan, SignalSpec } from '../models/signal';
import { isComplete, sliceWindow } from '../models/windows';
import type { Doubt } from './forgotten-devices';
import { concatSpans, emptySpan, sliceSpan, spanFrom, splitLate } from '../models/spans';

/** A complete window's start and samples. */
export interface TrackedWindow {
  readonly startMs: number;
  readonly span: SampleSpan;
}

interface Pushed {
  readonly windows: TrackedWindow[];
  readonly late: SampleSpan | null;
  /** Whether any sample was later than all before it. */
  readonly isAccepted: boolean;
}

/** A message that brought samples, and the device's time when it ended. */
interface Mark {
  readonly offset: number;
  readonly newestMs: number;
}

/**
 * A run is a stretch of samples without a gap over `maxGapMs`. Only a run can hold complete
 * windows, so that the end of a run decides all windows that lie in it.
 */
export class DeviceTrack {
  private readonly signal: SignalSpec;
  private run: SampleSpan;
  private nextStartMs = 0;
  private newestMs = -Infinity;
  private marks: Mark[] = [];
  private doubt: Doubt | null;
  /** Since a sample was accepted. */
  private newestLateMs = -Infinity;

  /** The doubt is what an earlier track of the device has left. */
  constructor(signal: SignalSpec, doubt: Doubt | null = null) {
    this.signal = signal;
    this.doubt = doubt;
    this.run = emptySpan(signal.channels.length);
  }

  /** The offset from which reading again would give the same open windows; null for no samples. */
  get neededFrom(): number | null {
    return this.doubt?.from ?? this.marks[0]?.offset ?? null;
  }

  /** What is in doubt when the device is forgotten now; null when nothing came after its newest sample. */
  get doubtLeft(): Doubt | null {
    const from = this.neededFrom;
    if (from === null || this.newestLateMs === -Infinity) return null;
    return { from, aboveMs: Math.max(this.newestLateMs, this.doubt?.aboveMs ?? -Infinity) };
  }

  /** Adds a message's samples; those not later than the device's newest one come back as late. */
  push(offset: number, span: SampleSpan): Pushed {
    const { accepted, late } = splitLate(span, this.newestMs);
    const windows: TrackedWindow[] = [];
    for (const stretch of this.stretchesOf(accepted)) {
      if (!this.continues(stretch)) {
        windows.push(...this.endRun());
        this.beginRun(stretch);
      }
      windows.push(...this.extend(stretch));
    }
    const isAccepted = accepted.timestampsMs.length > 0;
    if (isAccepted) {
      this.marks.push({ offset, newestMs: this.newestMs });
      this.newestLateMs = -Infinity;
    } else if (late !== null) {
      this.newestLateMs = late.timestampsMs.reduce((a, b) => Math.max(a, b), this.newestLateMs);
    }
    this.forgetUnneeded();
    return { windows, late, isAccepted };
  }

  /** Decides the windows that are still open; the newest sample stays known. */
  close(): TrackedWindow[] {
    const windows = this.endRun();
    this.marks = this.marks.slice(-1);
    return windows;
  }

  /** Cuts at the gaps, so that each part belongs to one run. */
  private *stretchesOf(span: SampleSpan): Generator<SampleSpan> {
    const { timestampsMs } = span;
    let from = 0;
    for (let index = 1; index <= timestampsMs.length; index += 1) {
      const gapMs = (timestampsMs[index] ?? Infinity) - (timestampsMs[index - 1] as number);
      if (gapMs <= this.signal.maxGapMs) continue;
      yield sliceSpan(span, from, index);
      from = index;
    }
  }

  private continues(stretch: SampleSpan): boolean {
    const gapMs = (stretch.timestampsMs[0] as number) - this.newestMs;
    return this.run.timestampsMs.length > 0 && gapMs <= this.signal.maxGapMs;
  }

  private beginRun(stretch: SampleSpan): void {
    const { maxGapMs, window } = this.signal;
    const firstMs = stretch.timestampsMs[0] as number;
    // Adding zero turns a negative zero into zero.
    this.nextStartMs = Math.ceil((firstMs - maxGapMs) / window.stepMs) * window.stepMs + 0;
  }

  private extend(stretch: SampleSpan): TrackedWindow[] {
    this.run = concatSpans(spanFrom(this.run, this.nextStartMs), stretch);
    this.newestMs = stretch.timestampsMs.at(-1) as number;
    return this.windowsEndingBy(this.newestMs);
  }

  private endRun(): TrackedWindow[] {
    if (this.run.timestampsMs.length === 0) return [];
    const windows = this.windowsEndingBy(this.newestMs + this.signal.maxGapMs);
    this.run = emptySpan(this.signal.channels.length);
    return windows;
  }

  private windowsEndingBy(endMs: number): TrackedWindow[] {
    const { window } = this.signal;
    const windows: TrackedWindow[] = [];
    for (; this.nextStartMs + window.lengthMs <= endMs; this.nextStartMs += window.stepMs) {
      const startMs = this.nextStartMs;
      if (!isComplete(this.run.timestampsMs, startMs, this.signal)) continue;
      windows.push({ startMs, span: sliceWindow(this.run, startMs, window) });
    }
    return windows;
  }

  /**
   * Open windows start less than their length before the newest sample. What was accepted or late
   * since then follows from the messages since then; the last mark always stays.
   */
  private forgetUnneeded(): void {
    const sinceMs = this.newestMs - this.signal.window.lengthMs;
    this.marks = this.marks.filter(({ newestMs }) => newestMs > sinceMs);
    if (this.doubt !== null && sinceMs >= this.doubt.aboveMs) this.doubt = null;
  }
}
