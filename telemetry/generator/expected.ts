/** Every person's aggregates, worked out event by event as they are made: without SQL, and without the normaliser. */
import type { Grain, PersonAggregate } from '../aggregate';
import { ASLEEP_SPEAKS_MS } from '../aggregate';
import type { MadeEvent } from './life';
import type { Device, Person } from './people';
import { offsetAt } from './people';

const [MINUTE_MS, DAY_MS] = [60_000, 86_400_000];

export type ExpectedAggregate = { readonly grain: Grain } & PersonAggregate;
type Emit = (aggregate: ExpectedAggregate) => void;

interface Mean {
  sum: number;
  count: number;
}

/** What can be added up; heart rates in thousandths. */
class Figures {
  steps = 0;
  events = 0;
  asleepMs = 0;
  minimum = Infinity;
  maximum = -Infinity;
  readonly all: Mean = { sum: 0, count: 0 };
  readonly asleep: Mean = { sum: 0, count: 0 };
  readonly devices = new Set<Device>();

  add(event: MadeEvent, steps: number): void {
    this.events += 1;
    this.steps += steps;
    this.devices.add(event.device);
    if (event.heartRate === null) return;
    this.minimum = Math.min(this.minimum, event.heartRate);
    this.maximum = Math.max(this.maximum, event.heartRate);
    this.#count(this.all, event.heartRate, 1);
    if (event.asleep === true) this.#count(this.asleep, event.heartRate, 1);
  }

  merge(other: Figures): void {
    this.steps += other.steps;
    this.events += other.events;
    this.asleepMs += other.asleepMs;
    this.minimum = Math.min(this.minimum, other.minimum);
    this.maximum = Math.max(this.maximum, other.maximum);
    this.#count(this.all, other.all.sum, other.all.count);
    this.#count(this.asleep, other.asleep.sum, other.asleep.count);
    for (const device of other.devices) this.devices.add(device);
  }

  toAggregate(userId: string, periodStart: string): PersonAggregate {
    const mean = ({ sum, count }: Mean) => (count === 0 ? null : sum / 1000 / count);
    const hasRate = this.all.count > 0;
    return {
      ...{ userId, periodStart, totalSteps: this.steps },
      avgHeartRateAsleep: mean(this.asleep),
      avgHeartRate: mean(this.all),
      minHeartRate: hasRate ? this.minimum / 1000 : null,
      maxHeartRate: hasRate ? this.maximum / 1000 : null,
      minutesAsleep: this.asleepMs / MINUTE_MS,
      ...{ events: this.events, devices: this.devices.size },
    };
  }

  #count(mean: Mean, sum: number, count: number): void {
    mean.sum += sum;
    mean.count += count;
  }
}

interface Span {
  readonly fromMs: number;
  toMs: number;
}

/** How long at least one of the spans, in any order, goes on. */
function coveredMs(spans: readonly Span[]): number {
  let [covered, until] = [0, -Infinity];
  for (const { fromMs, toMs } of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    covered += Math.max(0, toMs - Math.max(fromMs, until));
    until = Math.max(until, toMs);
  }
  return covered;
}

const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** The first of January 1970 was a Thursday. */
const mondayOf = (day: number): number => day - ((day + 3) % 7);
const firstOfMonth = (day: number): number => day + 1 - new Date(day * DAY_MS).getUTCDate();

const STARTS: Readonly<Record<Grain, (day: number) => number>> = {
  day: (day) => day,
  week: mondayOf,
  month: firstOfMonth,
};

/** One person's open periods; events come in the order of their moments. */
class PersonBook {
  readonly #person: Person;
  readonly #emit: Emit;
  readonly #open: Record<Grain, { start: number; figures: Figures } | undefined>;
  readonly #speaking = new Map<Device, Span>();
  #spans: Span[] = [];

  constructor(person: Person, emit: Emit) {
    this.#person = person;
    this.#emit = emit;
    this.#open = { day: undefined, week: undefined, month: undefined };
  }

  add(event: MadeEvent, steps: number): void {
    const { device, timestampMs, asleep } = event;
    const localMs = timestampMs + offsetAt(this.#person.offsets, timestampMs);
    const day = Math.floor(localMs / DAY_MS);
    const spoken = this.#speaking.get(device);
    if (spoken !== undefined) spoken.toMs = Math.min(spoken.toMs, timestampMs);
    this.#speaking.delete(device);
    if (this.#open.day?.start !== day) this.#closeDay();
    this.#open.day ??= { start: day, figures: new Figures() };
    this.#open.day.figures.add(event, steps);
    if (asleep !== true) return;
    const untilMidnight = (day + 1) * DAY_MS - localMs;
    const toMs = timestampMs + Math.min(ASLEEP_SPEAKS_MS, untilMidnight);
    const span = { fromMs: timestampMs, toMs };
    this.#speaking.set(device, span);
    this.#spans.push(span);
  }

  close(): void {
    this.#closeDay();
    this.#closePeriod('week');
    this.#closePeriod('month');
  }

  #closeDay(): void {
    const { day } = this.#open;
    if (day === undefined) return;
    day.figures.asleepMs = coveredMs(this.#spans);
    this.#spans = [];
    for (const grain of ['week', 'month'] as const) {
      const start = STARTS[grain](day.start);
      if (this.#open[grain]?.start !== start) this.#closePeriod(grain);
      this.#open[grain] ??= { start, figures: new Figures() };
      this.#open[grain].figures.merge(day.figures);
    }
    this.#closePeriod('day');
  }

  #closePeriod(grain: Grain): void {
    const open = this.#open[grain];
    this.#open[grain] = undefined;
    if (open === undefined) return;
    const { userId } = this.#person;
    this.#emit({ grain, ...open.figures.toAggregate(userId, dateOf(open.start)) });
  }
}

export class ExpectedAggregates {
  readonly counts: Record<Grain, number> = { day: 0, week: 0, month: 0 };
  readonly #books = new Map<Person, PersonBook>();
  readonly #readings = new Map<Device, number>();
  readonly #emit: Emit;

  constructor(emit: Emit) {
    this.#emit = (aggregate) => {
      this.counts[aggregate.grain] += 1;
      emit(aggregate);
    };
  }

  /** Events of all devices in the order of their moments, each once. */
  add(event: MadeEvent): void {
    const { person } = event.device;
    if (person === null) return;
    let book = this.#books.get(person);
    if (book === undefined) {
      book = new PersonBook(person, this.#emit);
      this.#books.set(person, book);
    }
    book.add(event, this.#stepsSince(event));
  }

  close(): void {
    for (const book of this.#books.values()) book.close();
  }

  #stepsSince({ device, steps }: MadeEvent): number {
    if (steps === null || device.stepCounter === 'interval') return steps ?? 0;
    const before = this.#readings.get(device);
    this.#readings.set(device, steps);
    if (before === undefined) return 0;
    return steps >= before ? steps - before : steps;
  }
}
