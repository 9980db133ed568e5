/** In which order lines arrive: most events at once, some late, some twice, and between them lines that are none. */
import type { Random } from '../../core/random';
import { createRandom, streamSeed } from '../../core/random';
import type { MadeEvent } from './life';
import { MALFORMED, malformedLine, type Malformed } from './malformed';
import type { GeneratorOptions } from './options';
import { SPELLINGS, type Spelling } from './people';
import { createQuota } from './quota';
import { lineOf } from './spelling';

/** How an event comes a second time; the bytes are the same but in `respelled`. */
const DUPLICATES = ['at-once', 'soon', 'respelled', 'days-later'] as const;
export type Duplicate = (typeof DUPLICATES)[number];

export interface ArrivalCounts {
  lines: number;
  late: number;
  readonly duplicates: Record<Duplicate, number>;
  readonly malformed: Record<Malformed, number>;
}

const zeros = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;

const DAY_SECONDS = 86_400;
const LATEST_DAYS = 3;
const SOON_TICKS = 6;

const otherSpelling = (spelling: Spelling, random: Random): Spelling =>
  SPELLINGS[(SPELLINGS.indexOf(spelling) + (random() < 0.5 ? 1 : 2)) % SPELLINGS.length] ?? 'mixed';

/** Memory holds what is under way for at most a few days, however long the whole is. */
export class Arrivals {
  readonly counts: ArrivalCounts;
  readonly #write: (line: string) => void;
  readonly #random: Random;
  readonly #due: Record<'late' | 'duplicate' | 'malformed', () => boolean>;
  readonly #underWay = new Map<number, string[]>();
  readonly #ticksOfDay: number;
  readonly #wantsMalformed: boolean;
  #tick = 0;

  constructor(options: GeneratorOptions, stream: number, write: (line: string) => void) {
    const of = (part: number) => createRandom(streamSeed(streamSeed(options.seed, stream), part));
    this.#write = write;
    this.#random = of(0);
    this.#due = {
      late: createQuota(of(1), options.lateShare),
      duplicate: createQuota(of(2), options.duplicateShare),
      malformed: createQuota(of(3), options.malformedShare),
    };
    this.#ticksOfDay = Math.ceil(DAY_SECONDS / options.everySeconds);
    this.#wantsMalformed = options.malformedShare > 0;
    this.counts = {
      ...{ lines: 0, late: 0 },
      ...{ duplicates: zeros(DUPLICATES), malformed: zeros(MALFORMED) },
    };
  }

  add(event: MadeEvent): void {
    const line = lineOf(event, event.device.spelling, this.#random);
    const isLate = this.#due.late();
    const delay = isLate ? this.#days() : 0;
    if (isLate) this.counts.late += 1;
    this.#arrive(line, delay);
    if (this.#due.duplicate()) this.#repeat(event, line, delay);
    if (this.#due.malformed()) this.#spoil(event);
  }

  /** What arrives with the next tick. */
  nextTick(): void {
    this.#tick += 1;
    for (const line of this.#underWay.get(this.#tick) ?? []) this.#arrive(line, 0);
    this.#underWay.delete(this.#tick);
  }

  /** Each reason once at least, and everything that is still under way. */
  close(last: MadeEvent | undefined): void {
    const isMissing = () => Object.values(this.counts.malformed).some((count) => count === 0);
    while (last !== undefined && this.#wantsMalformed && isMissing()) this.#spoil(last);
    while (this.#underWay.size > 0) this.nextTick();
  }

  #arrive(line: string, delayTicks: number): void {
    if (delayTicks === 0) {
      this.counts.lines += 1;
      this.#write(line);
      return;
    }
    const tick = this.#tick + delayTicks;
    const others = this.#underWay.get(tick);
    if (others === undefined) this.#underWay.set(tick, [line]);
    else others.push(line);
  }

  #days(): number {
    return Math.floor(this.#ticksOfDay * (1 + this.#random() * (LATEST_DAYS - 1)));
  }

  #repeat(event: MadeEvent, line: string, delay: number): void {
    const total = Object.values(this.counts.duplicates).reduce((sum, count) => sum + count, 0);
    const how = DUPLICATES[total % DUPLICATES.length] as Duplicate;
    this.counts.duplicates[how] += 1;
    const soon = delay + 1 + Math.floor(this.#random() * SOON_TICKS);
    if (how === 'at-once') this.#arrive(line, delay);
    else if (how === 'soon') this.#arrive(line, soon);
    else if (how === 'days-later') this.#arrive(line, delay + this.#days());
    else {
      const spelling = otherSpelling(event.device.spelling, this.#random);
      this.#arrive(lineOf(event, spelling, this.#random), soon);
    }
  }

  #spoil(near: MadeEvent): void {
    const total = Object.values(this.counts.malformed).reduce((sum, count) => sum + count, 0);
    const reason = MALFORMED[total % MALFORMED.length] as Malformed;
    this.counts.malformed[reason] += 1;
    this.#arrive(malformedLine(reason, near, this.#random), 0);
  }
}
