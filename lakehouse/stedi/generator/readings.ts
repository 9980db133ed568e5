/** What phones and devices of a group of people have read. */
import type { Random } from '../../../core/random';
import type { GeneratorOptions } from './options';
import type { Person } from './people';

export interface AccelerometerReading {
  readonly user: string;
  readonly atMs: number;
  readonly axes: readonly [number, number, number];
}

export interface StepReading {
  readonly serialNumber: string;
  readonly atMs: number;
  readonly distance: number;
}

export interface Readings {
  readonly accelerometer: readonly AccelerometerReading[];
  readonly steps: readonly StepReading[];
}

// Beyond every sensor; the tables' own limits are not asked here.
const NO_ACCELERATION = 99;
const NO_DISTANCE = -1;

/** In the public data a moment has three readings, seldom two, hardly ever one. */
function readingsOfMoment(random: Random): number {
  const draw = random();
  if (draw < 0.837) return 3;
  return draw < 0.997 ? 2 : 1;
}

const axis = (random: Random): number => Math.floor(random() * 3) - 1;

const SPELLINGS: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.toUpperCase(),
  (text) => ` ${text} `,
];

function respelled(random: Random, { respells }: Person, text: string): string {
  if (!respells) return text;
  return (SPELLINGS[Math.floor(random() * SPELLINGS.length)] as (text: string) => string)(text);
}

export function readingsOf(
  random: Random,
  people: readonly Person[],
  { outOfRangeShare, resentShare }: GeneratorOptions,
): Readings {
  const accelerometer: AccelerometerReading[] = [];
  const steps: StepReading[] = [];
  const again: StepReading[] = [];
  for (const person of people) {
    for (const atMs of person.moments) {
      for (let left = readingsOfMoment(random); left > 0; left -= 1) {
        const x = random() < outOfRangeShare ? NO_ACCELERATION : axis(random);
        const axes = [x, axis(random), Math.floor(random() * 2) - 1] as const;
        accelerometer.push({ user: respelled(random, person, person.email), atMs, axes });
      }
    }
    for (const atMs of person.deviceMoments) {
      const serialNumber = respelled(random, person, person.serialNumber);
      const isWrong = random() < outOfRangeShare;
      const distance = isWrong ? NO_DISTANCE : 201 + Math.floor(random() * 100);
      const step = { serialNumber, atMs, distance };
      steps.push(step);
      if (random() < resentShare) again.push(step);
    }
  }
  return { accelerometer, steps: [...steps, ...again] };
}
