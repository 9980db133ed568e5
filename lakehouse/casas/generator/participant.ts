/** One participant's file, row by row, however long it is. */
import type { Random } from '../../../core/random';
import { createRandom, streamSeed } from '../../../core/random';
import type { Expected, Fate } from './expected';
import { Expectation } from './expected';
import type { Place, RowText } from './lines';
import { HEADER, SPOILERS, createStamps, newPlace, rowLine } from './lines';
import { HABITS, mannerOf, motionAt } from './motion';
import type { GeneratorOptions } from './options';
import { STEP_MS, shownMs, stretches } from './wear';

const CHUNK_CHARACTERS = 256 * 1024;
const MINUTE_MS = 60_000;
const PLACE_MS = 5 * MINUTE_MS;
const BATTERY_MS = 5 * MINUTE_MS;
const BACK_MS = 30_000;

/** Streams of chance: more of the one do not change the other. */
const STREAMS = 4;
const stream = (seed: number, participant: number, which: number): Random =>
  createRandom(streamSeed(seed, participant * STREAMS + which));

const pick = <T>(random: Random, from: readonly T[]): T =>
  from[Math.floor(random() * from.length)] as T;

/** What the person is at, and when they are asked about it. */
class Doings {
  readonly #random: Random;
  readonly #promptMs: number;
  habit = HABITS[0] as (typeof HABITS)[number];
  /** When it was begun. */
  fromMs = 0;
  #untilMs = 0;
  #promptAtMs = NaN;

  constructor(random: Random, promptsPerHour: number) {
    this.#random = random;
    this.#promptMs = (60 * MINUTE_MS) / promptsPerHour;
  }

  at(ms: number): void {
    if (ms < this.#untilMs) return;
    this.fromMs = ms;
    this.#untilMs = ms + (4 + 30 * this.#random()) * MINUTE_MS;
    this.habit = pick(this.#random, HABITS);
  }

  /** The answer on this very row, or an empty text. */
  answerAt(ms: number): string {
    if (Number.isNaN(this.#promptAtMs)) this.#next(ms);
    if (ms < this.#promptAtMs) return '';
    this.#next(ms);
    return this.habit.label;
  }

  #next(ms: number): void {
    this.#promptAtMs = ms - this.#promptMs * Math.log(1 - this.#random());
  }
}

/** Readings of place and battery, as often as the watch takes them. */
class Readings {
  readonly #random: Random;
  readonly #dense: boolean;
  #placeAtMs = NaN;
  #batteryAtMs = NaN;
  #place: Place | null = null;
  #battery = '';

  constructor(random: Random, dense: boolean) {
    this.#random = random;
    this.#dense = dense;
  }

  at(ms: number): { place: Place | null; battery: string } {
    if (Number.isNaN(this.#placeAtMs)) {
      this.#placeAtMs = ms + this.#random() * PLACE_MS;
      this.#batteryAtMs = ms + this.#random() * BATTERY_MS;
    }
    const [isPlace, isBattery] = [ms >= this.#placeAtMs, ms >= this.#batteryAtMs];
    if (isPlace) {
      this.#place = newPlace(this.#random);
      this.#placeAtMs = ms + PLACE_MS;
    }
    if (isBattery) {
      this.#battery = this.#random() < 0.02 ? 'full' : 'unplugged';
      this.#batteryAtMs = ms + BATTERY_MS * (0.5 + this.#random());
    }
    return {
      place: isPlace || this.#dense ? this.#place : null,
      battery: isBattery || this.#dense ? this.#battery : '',
    };
  }
}

class File {
  readonly #options: GeneratorOptions;
  readonly #random: Random;
  readonly #follow: Expectation;
  readonly #stamps = createStamps();
  readonly #pieces: Buffer[] = [];
  #text = HEADER;
  #good = 0;
  #spoilt = 0;
  #last: RowText | undefined;

  constructor(options: GeneratorOptions, random: Random, expected: Expected) {
    this.#options = options;
    this.#random = random;
    this.#follow = new Expectation(expected);
  }

  add(ms: number, row: Omit<RowText, 'stamp'>): void {
    const { motionMissingShare, motionIncompleteShare, repeatedShare, backwardsShare } =
      this.#options;
    const draw = this.#random();
    const whole = { ...row, stamp: this.#stamps(shownMs(ms)) };
    if (draw < motionMissingShare) {
      this.#write(ms, 'motion-missing', { ...whole, motion: row.motion.map(() => '' as const) });
    } else if (draw < motionMissingShare + motionIncompleteShare) {
      const at = Math.floor(this.#random() * row.motion.length);
      const motion = row.motion.map((each, axis) => (axis === at ? ('' as const) : each));
      this.#write(ms, 'motion-incomplete', { ...whole, motion });
    } else this.#write(ms, 'used', whole);
    // A second row that answers a prompt would be a second answer.
    if (row.label !== '') return;
    const other = this.#random();
    if (other < repeatedShare) this.#write(ms, 'stamp-repeated', whole);
    else if (other < repeatedShare + backwardsShare) {
      const stamp = this.#stamps(shownMs(ms) - BACK_MS);
      this.#write(ms, 'stamp-backwards', { ...whole, stamp });
    }
  }

  #write(ms: number, fate: Fate, row: RowText): void {
    const { label, place, battery } = row;
    this.#text += rowLine(row);
    const facts = { ms, fate, place: place !== null, battery: battery !== '' };
    this.#follow.row(label === '' ? facts : { ...facts, label });
    this.#last = row;
    this.#good += 1;
    if (this.#spoilt < Math.floor(this.#good * this.#options.malformedShare)) this.#spoil();
  }

  #spoil(): void {
    const spoiler = SPOILERS[this.#spoilt % SPOILERS.length] as (typeof SPOILERS)[number];
    const { reason, line } = spoiler(this.#last as RowText);
    this.#spoilt += 1;
    this.#follow.spoilt(reason);
    if (typeof line === 'string') this.#text += line;
    else {
      this.#flush();
      this.#pieces.push(line);
    }
  }

  /** Each kind once at least, if there are to be any. */
  finish(): void {
    const kinds = this.#options.malformedShare > 0 ? SPOILERS.length : 0;
    while (this.#spoilt < kinds) this.#spoil();
    this.#flush();
  }

  #flush(): void {
    if (this.#text !== '') this.#pieces.push(Buffer.from(this.#text));
    this.#text = '';
  }

  /** What is ready to be written. */
  take(): Buffer[] {
    if (this.#text.length >= CHUNK_CHARACTERS) this.#flush();
    return this.#pieces.splice(0);
  }
}

/** The bytes of the file; `expected` is added to while they are made. */
export function* participantFile(
  options: GeneratorOptions,
  participant: number,
  expected: Expected,
): Generator<Buffer> {
  const chance = (which: number): Random => stream(options.seed, participant, which);
  const [life, wrist, readingChance, trouble] = [chance(0), chance(1), chance(2), chance(3)];
  const doings = new Doings(life, options.promptsPerHour);
  const readings = new Readings(readingChance, options.dense);
  const manner = mannerOf(wrist);
  const file = new File(options, trouble, expected);
  for (const { fromMs, samples } of stretches(life, options.hours)) {
    for (let sample = 0; sample < samples; sample += 1) {
      const ms = fromMs + sample * STEP_MS;
      doings.at(ms);
      const motion = motionAt(wrist, doings.habit, manner, (ms - doings.fromMs) / 1000);
      file.add(ms, { ...readings.at(ms), motion, label: doings.answerAt(ms) });
      if (sample % 1024 === 0) yield* file.take();
    }
  }
  file.finish();
  yield* file.take();
}
