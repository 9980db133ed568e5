/** Made-up people with their devices: who sleeps when, and how each device counts and writes. */
import type { Random } from '../../core/random';
import { createRandom, streamSeed } from '../../core/random';
import type { OffsetPeriod } from '../calendar';
import { offsetsOf } from '../calendar';
import type { StepCounter, UserProfile } from '../profile';
import type { GeneratorOptions } from './options';
import { beginning } from './options';

/** Most of them change their clocks; the last two do so at midnight and by half an hour. */
const ZONES = [
  ...['Europe/Berlin', 'America/New_York', 'UTC', 'Asia/Kolkata', 'Australia/Sydney'],
  ...['America/Los_Angeles', 'Asia/Tokyo', 'Africa/Cairo', 'Australia/Lord_Howe'],
] as const;

const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000];

export const SPELLINGS = ['short', 'long', 'mixed'] as const;
export type Spelling = (typeof SPELLINGS)[number];

export interface Person {
  readonly userId: string;
  readonly timeZone: string;
  readonly offsets: readonly OffsetPeriod[];
  /** Seeds what is this person's own. */
  readonly seed: number;
}

export interface Device {
  readonly deviceId: string;
  /** Null when no profile names the device; its days are then in UTC. */
  readonly person: Person | null;
  readonly stepCounter: StepCounter;
  readonly spelling: Spelling;
  readonly hasSequence: boolean;
  /** Whether the numbers begin anew each day, as devices do that forget them when they are charged. */
  readonly beginsDaily: boolean;
  /** What heart rates are rounded to, in thousandths of a beat. */
  readonly heartRateStep: 1 | 100 | 1000;
  readonly random: Random;
}

export interface Population {
  readonly devices: readonly Device[];
  readonly profiles: readonly UserProfile[];
}

const numbered = (letter: string, at: number): string =>
  `${letter}-${String(at + 1).padStart(4, '0')}`;

const pick = <T>(items: readonly T[], at: number): T => items[at % items.length] as T;

/** Streams of chance: more users do not change the first ones. */
const STREAMS = { people: 1, devices: 2, strangers: 3 } as const;

function newPerson(at: number, options: GeneratorOptions, offsets: Offsets): Person {
  const timeZone = pick(ZONES, at);
  const seed = streamSeed(streamSeed(options.seed, STREAMS.people), at);
  return { userId: numbered('u', at), timeZone, offsets: offsets(timeZone), seed };
}

function newDevice(deviceId: string, person: Person | null, at: number, seed: number): Device {
  const random = createRandom(streamSeed(seed, at));
  return {
    deviceId,
    person,
    stepCounter: random() < 0.6 ? 'interval' : 'cumulative',
    spelling: pick(SPELLINGS, at),
    hasSequence: random() < 0.5,
    beginsDaily: at % 2 === 0,
    heartRateStep: random() < 0.6 ? 1000 : random() < 0.5 ? 100 : 1,
    random,
  };
}

type Offsets = (timeZone: string) => readonly OffsetPeriod[];

/** One table for each zone, a day longer at either end than there are events. */
function offsetsDuring(options: GeneratorOptions): Offsets {
  const startMs = beginning(options) - DAY_MS;
  const endMs = startMs + (options.days + 2) * DAY_MS;
  const known = new Map<string, readonly OffsetPeriod[]>();
  return (timeZone) => {
    const offsets = known.get(timeZone) ?? offsetsOf(timeZone, startMs, endMs);
    known.set(timeZone, offsets);
    return offsets;
  };
}

const GENDERS = ['female', 'male', null, 'other'] as const;

function profileOf({ deviceId, stepCounter }: Device, person: Person, at: number): UserProfile {
  const random = createRandom(person.seed);
  return {
    userId: person.userId,
    deviceId,
    userEmail: `${person.userId}@example.org`,
    gender: pick(GENDERS, at),
    age: 18 + Math.floor(random() * 70),
    timeZone: person.timeZone,
    stepCounter,
  };
}

export function newPopulation(options: GeneratorOptions): Population {
  const offsets = offsetsDuring(options);
  const people = Array.from({ length: options.users }, (_, at) => newPerson(at, options, offsets));
  const seed = streamSeed(options.seed, STREAMS.devices);
  const owned = Array.from({ length: options.devices }, (_, at) => {
    const person = pick(people, at);
    const device = newDevice(numbered('w', at), person, at, seed);
    return { device, profile: profileOf(device, person, at % people.length) };
  });
  const strangersSeed = streamSeed(options.seed, STREAMS.strangers);
  const strangers = Array.from({ length: options.strangers }, (_, at) =>
    newDevice(numbered('x', at), null, at, strangersSeed),
  );
  return {
    devices: [...owned.map(({ device }) => device), ...strangers],
    profiles: owned.map(({ profile }) => profile),
  };
}

/** Milliseconds to be added to UTC for the person's clock. */
export function offsetAt(offsets: readonly OffsetPeriod[], ms: number): number {
  let found = 0;
  for (const { fromMs, offsetMs } of offsets) {
    if (fromMs > ms) break;
    found = offsetMs;
  }
  return found;
}

export interface Night {
  /** On the person's clock, in milliseconds as if it were UTC. */
  readonly bedMs: number;
  readonly wakeMs: number;
}

/** The night that begins on the evening of the day that is given by its number since 1970-01-01. */
export function nightOf(seed: number, day: number): Night {
  const random = createRandom(streamSeed(seed, day));
  return {
    bedMs: day * DAY_MS + (21.5 + 3.5 * random()) * HOUR_MS,
    wakeMs: (day + 1) * DAY_MS + (5 + 3.5 * random()) * HOUR_MS,
  };
}
