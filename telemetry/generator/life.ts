/** What a device measures from one event to the next: sleep and steps by its person's clock, with gaps. */
import type { Device, Night } from './people';
import { nightOf, offsetAt } from './people';

/** A made-up event, before anybody spells it. */
export interface MadeEvent {
  readonly device: Device;
  readonly timestampMs: number;
  /** Thousandths of a beat per minute. */
  readonly heartRate: number | null;
  readonly steps: number | null;
  readonly state: string | null;
  readonly asleep: boolean | null;
  readonly sequence: number | null;
  /** A field that nobody declared. */
  readonly battery: number | null;
}

const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];

/** As devices may write it; the meaning is the generator's own knowledge. */
const ASLEEP_WORDS = ['asleep', 'light', 'Deep', 'REM', 'SLEEPING', 'light_sleep'] as const;
const AWAKE_WORDS = ['awake', 'Awake', 'resting', 'WALKING', 'sitting'] as const;
const OTHER_WORDS = ['restless', 'unknown', ''] as const;

const CHANCES = {
  noHeartRate: 0.05,
  noSteps: 0.04,
  noState: 0.05,
  otherState: 0.01,
  awakeAtNight: 0.04,
  asleepByDay: 0.01,
  battery: 0.02,
  active: 0.2,
} as const;
const BETWEEN_GAPS_MS = 2 * DAY_MS;
const BETWEEN_RESETS_MS = 3 * DAY_MS;
const LONGEST_GAP_MS = 8 * HOUR_MS;
const STEPS_IN_MINUTE = { calm: 6, active: 110 } as const;

export class DeviceLife {
  readonly device: Device;
  readonly #everyMs: number;
  #night: Night | undefined;
  #nightDay = Number.NaN;
  #gapUntilMs = 0;
  #lastMs: number;
  #counter = 0;
  #sinceLast = 0;
  #sequence = 0;
  #numberedDay = Number.NaN;

  constructor(device: Device, everyMs: number, startMs: number) {
    this.device = device;
    this.#everyMs = everyMs;
    this.#lastMs = startMs;
    this.#counter = Math.floor(device.random() * 20_000);
  }

  /** The event between this moment and the next tick, if there is one. */
  next(tickMs: number): MadeEvent | undefined {
    const { random } = this.device;
    const timestampMs = tickMs + Math.floor(random() * this.#everyMs);
    if (timestampMs < this.#gapUntilMs) return undefined;
    if (random() < this.#everyMs / BETWEEN_GAPS_MS) {
      this.#gapUntilMs = timestampMs + random() * LONGEST_GAP_MS;
    }
    const sleeps = this.#sleepsAt(timestampMs);
    const active = !sleeps && random() < CHANCES.active;
    this.#walk(timestampMs, sleeps, active);
    this.#number(timestampMs);
    const heartRate = random() < CHANCES.noHeartRate ? null : this.#heartRate(sleeps, active);
    const steps = random() < CHANCES.noSteps ? null : this.#read();
    const { state, asleep } = this.#state(sleeps);
    const sequence = this.device.hasSequence ? this.#sequence : null;
    const battery = random() < CHANCES.battery ? Math.floor(random() * 100) : null;
    const { device } = this;
    return { device, timestampMs, heartRate, steps, state, asleep, sequence, battery };
  }

  #number(timestampMs: number): void {
    const day = Math.floor(timestampMs / DAY_MS);
    if (this.device.beginsDaily && day !== this.#numberedDay) this.#sequence = 0;
    this.#numberedDay = day;
    this.#sequence += 1;
  }

  #sleepsAt(ms: number): boolean {
    const { person } = this.device;
    const localMs = ms + (person === null ? 0 : offsetAt(person.offsets, ms));
    const day = Math.floor((localMs - DAY_MS / 2) / DAY_MS);
    if (this.#night === undefined || day !== this.#nightDay) {
      this.#night = nightOf(person?.seed ?? 0, day);
      this.#nightDay = day;
    }
    return localMs >= this.#night.bedMs && localMs < this.#night.wakeMs;
  }

  #walk(timestampMs: number, sleeps: boolean, active: boolean): void {
    const { random } = this.device;
    const minutes = Math.min(timestampMs - this.#lastMs, HOUR_MS) / MINUTE_MS;
    const pace = sleeps ? 0 : STEPS_IN_MINUTE[active ? 'active' : 'calm'];
    const walked = Math.floor(random() * pace * minutes);
    // A new battery: the counter begins anew.
    if (random() < (timestampMs - this.#lastMs) / BETWEEN_RESETS_MS) this.#counter = 0;
    this.#counter += walked;
    this.#sinceLast += walked;
    this.#lastMs = timestampMs;
  }

  #read(): number {
    const read = this.device.stepCounter === 'cumulative' ? this.#counter : this.#sinceLast;
    this.#sinceLast = 0;
    return read;
  }

  #heartRate(sleeps: boolean, active: boolean): number {
    const { random, heartRateStep } = this.device;
    const [least, range] = sleeps ? [46, 16] : active ? [95, 60] : [60, 30];
    const thousandths = 1000 * (least + range * random());
    return Math.round(thousandths / heartRateStep) * heartRateStep;
  }

  #state(sleeps: boolean): Pick<MadeEvent, 'state' | 'asleep'> {
    const { random } = this.device;
    const chance = random();
    const word = random();
    const of = (words: readonly string[]) => words[Math.floor(word * words.length)] as string;
    if (chance < CHANCES.noState) return { state: null, asleep: null };
    if (chance < CHANCES.noState + CHANCES.otherState) {
      return { state: of(OTHER_WORDS), asleep: null };
    }
    const isContrary = random() < (sleeps ? CHANCES.awakeAtNight : CHANCES.asleepByDay);
    const asleep = sleeps !== isContrary;
    return { state: of(asleep ? ASLEEP_WORDS : AWAKE_WORDS), asleep };
  }
}
