/** The recording of one made-up person: bouts of activities one after another, and the signals of each. */
import { stringify } from 'csv-stringify/sync';
import { drawWith, normals } from '../../models/cross-spectrum';
import { toValue, type NormalScores } from '../../models/normal-scores';
import { stationarySignal } from '../../models/stationary-signal';
import { createRandom, streamSeed, type Random } from '../../core/random';
import type { Activity, BoutFacts, Following } from './bouts';
import type { Learned } from './learn';

type Known = BoutFacts & Learned;

export interface Model {
  readonly channels: readonly string[];
  readonly rateHz: number;
  readonly activities: readonly Known[];
  readonly following: readonly Following[];
}

/** Seconds of each activity by its label; those without one under the empty text. */
export type Made = Record<string, number>;

const SHORTEST_MS = 1000;

function drawn<T>(random: Random, items: readonly T[], weightOf: (item: T) => number): T {
  const total = items.reduce((sum, item) => sum + weightOf(item), 0);
  let left = random() * total;
  for (const item of items) {
    left -= weightOf(item);
    if (left < 0) return item;
  }
  return items.at(-1) as T;
}

/** As what followed in the recordings; where each recording holds one activity, as often as each came. */
function nextOf(random: Random, { activities, following }: Model, last: Activity | undefined) {
  const after = following.filter(
    ({ activity, next }) => activity === last && activities.some((each) => each.activity === next),
  );
  if (after.length === 0) return drawn(random, activities, ({ bouts }) => bouts);
  const { next } = drawn(random, after, ({ times }) => times);
  return activities.find(({ activity }) => activity === next) as Known;
}

function lengthMs(random: Random, quantilesMs: readonly number[]): number {
  const place = random() * (quantilesMs.length - 1);
  const below = Math.floor(place);
  const [left = 0, right = 0] = [quantilesMs[below], quantilesMs[below + 1]];
  return Math.max(SHORTEST_MS, left + (right - left) * (place - below));
}

/**
 * A recording begins at any moment of a day: more likely in what takes more time, and in longer bouts, which went on
 * before. Else short recordings would hold each activity as often as it comes, not for as long as it lasts.
 */
function firstOf(random: Random, { activities }: Model): { bout: Known; ms: number } {
  const bout = drawn(random, activities, ({ seconds }) => seconds);
  const pieces = bout.quantilesMs
    .slice(1)
    .map((until, at) => [bout.quantilesMs[at] as number, until] as const);
  const [from, until] = drawn(random, pieces, ([left, right]) => left + right);
  const whole = from + (until - from) * random();
  return { bout, ms: Math.max(SHORTEST_MS, whole * random()) };
}

/** Whether recordings go from one activity into another; else each begins with what it holds. */
const goesOn = ({ activities, following }: Model): boolean =>
  following.some(({ activity, next }) =>
    [activity, next].every((name) => activities.some((each) => each.activity === name)),
  );

function boutAfter(random: Random, model: Model, last: Activity | undefined) {
  if (last === undefined && goesOn(model)) return firstOf(random, model);
  const bout = nextOf(random, model, last);
  return { bout, ms: lengthMs(random, bout.quantilesMs) };
}

const DIGITS = 6;
const number = (value: number): number => Number(value.toPrecision(DIGITS));

const csvText = (text: string): string =>
  stringify([[text]], { eof: false, quoted_match: /[\r\n]/ });

/** Lines of the format `recordings`, in pieces; `made` counts the seconds. */
export function* personFile(
  model: Model,
  { person, minutes, seed }: { person: number; minutes: number; seed: number },
  made: Made,
): Generator<Buffer> {
  const { channels, rateHz } = model;
  const random = createRandom(streamSeed(seed, person));
  // One draw for all activities: who holds the watch in another way does so whatever they do.
  const manner = normals(random, channels.length);
  yield Buffer.from(`timestamp_ms,${channels.join(',')},label\n`);
  const total = Math.max(1, Math.round(minutes * 60 * rateHz));
  let last: Activity | undefined;
  for (let from = 0; from < total;) {
    const { bout, ms } = boutAfter(random, model, last);
    const wanted = Math.round((ms * rateHz) / 1000);
    const samples = Math.min(total - from, Math.max(1, wanted));
    const usual = drawWith(bout.between, manner).map((score, channel) =>
      toValue(bout.usual[channel] as NormalScores, score),
    );
    const label = csvText(bout.activity ?? '');
    let at = from;
    for (const piece of stationarySignal(bout.within, samples, random)) {
      const lines = Array.from(piece[0] ?? [], (_, index) => {
        const values = piece.map((scores, channel) => {
          const difference = toValue(
            bout.varying[channel] as NormalScores,
            scores[index] as number,
          );
          return number((usual[channel] as number) + difference);
        });
        const timeMs = Number((((at + index) * 1000) / rateHz).toFixed(3));
        return `${timeMs},${values.join(',')},${label}\n`;
      });
      yield Buffer.from(lines.join(''));
      at += lines.length;
    }
    made[bout.activity ?? ''] = (made[bout.activity ?? ''] ?? 0) + samples / rateHz;
    from += samples;
    last = bout.activity;
  }
}
