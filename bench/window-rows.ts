/** Windows made up for the bench of what follows cleaning: nine channels, twelve activities, a few people. */
import { createRandom, type Random } from '../core/random';
import type { Cell } from '../lakehouse/engines/row-appender';
import { featureSchema } from '../models/features';
import { DEFAULT_MAX_GAP_MS, DEFAULT_WINDOW } from '../models/signal';

const RATE_HZ = 10;
// Those of the smartwatch archives that the format `casas` reads.
const CHANNELS = [
  ...['yaw', 'pitch', 'roll'],
  ...['rotation_rate_x', 'rotation_rate_y', 'rotation_rate_z'],
  ...['user_acceleration_x', 'user_acceleration_y', 'user_acceleration_z'],
];
const ACTIVITIES = 12;
const PEOPLE = 20;

export const SCHEMA = featureSchema({
  ...{ channels: CHANNELS, rateHz: RATE_HZ, maxGapMs: DEFAULT_MAX_GAP_MS },
  window: DEFAULT_WINDOW,
});

const classes = Array.from({ length: ACTIVITIES }, (_, index) => `activity-${index}`);

interface MadeWindow {
  readonly windowId: string;
  readonly person: string;
  readonly device: string;
  readonly startMs: number;
  readonly activity: number;
  /** Noise, moved a little by the activity: there is something to learn. */
  readonly features: Float32Array;
}

const hex = (random: Random): string =>
  Array.from({ length: 4 }, () =>
    Math.floor(random() * 65_536)
      .toString(16)
      .padStart(4, '0'),
  ).join('');

/** One at a time, the same ones each time, device by device. */
function* madeWindows(count: number): Generator<MadeWindow> {
  const random = createRandom(1);
  const people = Array.from({ length: PEOPLE }, () => hex(random));
  const perPerson = Math.ceil(count / PEOPLE);
  for (let index = 0; index < count; index += 1) {
    const person = people[Math.floor(index / perPerson)] as string;
    const activity = Math.floor(random() * ACTIVITIES);
    const features = Float32Array.from(
      SCHEMA.names,
      (_, column) => random() + (column % ACTIVITIES === activity ? 0.3 : 0),
    );
    const startMs = (index % perPerson) * DEFAULT_WINDOW.stepMs;
    yield { windowId: hex(random), person, device: `watch-${person}`, startMs, activity, features };
  }
}

/** In the order of the columns of `window_features`. */
export function* featureCells(count: number): Generator<Cell[]> {
  for (const { windowId, person, device, startMs, activity, features } of madeWindows(count))
    yield [windowId, person, device, startMs, classes[activity] as string, 1, features];
}

/** Base64, as a device's samples lie in a prediction. */
function signalOf(random: Random): string {
  const samples = (DEFAULT_WINDOW.lengthMs / 1000) * RATE_HZ;
  const values = CHANNELS.map(() => {
    const own = Float32Array.from({ length: samples }, () => random());
    return Buffer.from(own.buffer).toString('base64');
  });
  const times = Float64Array.from({ length: samples }, (_, index) => index * (1000 / RATE_HZ));
  const timestampsMs = Buffer.from(times.buffer).toString('base64');
  return JSON.stringify({ channels: CHANNELS, timestampsMs, values });
}

/** In the order of the columns of `predictions`; each one that a person may be asked about. */
export function* predictionCells(count: number): Generator<Cell[]> {
  const random = createRandom(2);
  let offset = 0;
  for (const { windowId, person, device, startMs, activity, features } of madeWindows(count)) {
    const probabilities = Float32Array.from(classes, (_, index) =>
      index === activity ? 0.45 : 0.05,
    );
    yield [
      ...[windowId, person, device, startMs, startMs + DEFAULT_WINDOW.lengthMs],
      ...['activity', '1', classes[activity] as string, 0.45, classes, probabilities],
      ...['uncertain', SCHEMA.hash, features, signalOf(random), 0, offset],
    ];
    offset += 1;
  }
}
