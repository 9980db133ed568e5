/** The aggregates of normalised events by the plainest of computations: everything in memory, the clock asked of Intl. */
import type { Grain, PersonAggregate } from '../../telemetry/aggregate';
import type { DeviceEvent } from '../../telemetry/event';
import type { UserProfile } from '../../telemetry/profile';

const clocks = new Map<string, Intl.DateTimeFormat>();

/** What the clock on the wall shows, in milliseconds as if it were UTC. */
function wallClock(timeZone: string, ms: number): number {
  const clock =
    clocks.get(timeZone) ??
    new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 },
    });
  clocks.set(timeZone, clock);
  const parts = Object.fromEntries(
    clock.formatToParts(ms).map(({ type, value }) => [type, Number(value)]),
  ) as Record<string, number>;
  const { year = 0, month = 0, day, hour, minute, second, fractionalSecond } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second, fractionalSecond);
}

const isoDate = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function periodOf(grain: Grain, date: string): string {
  const day = new Date(date);
  if (grain === 'month') return `${date.slice(0, 7)}-01`;
  while (grain === 'week' && day.getUTCDay() !== 1) day.setUTCDate(day.getUTCDate() - 1);
  return isoDate(day.getTime());
}

interface Told {
  readonly event: DeviceEvent;
  readonly date: string;
  readonly steps: number;
  readonly asleepUntilMs: number;
}

/** In the order of the keys. */
function groups<T>(items: readonly T[], key: (item: T) => string): [string, T[]][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const group = found.get(key(item));
    if (group === undefined) found.set(key(item), [item]);
    else group.push(item);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What each event of one device tells, beside the others. */
function toldBy(events: readonly DeviceEvent[], { timeZone, stepCounter }: UserProfile): Told[] {
  let reading: number | null = null;
  return events.map((event, at) => {
    const { timestampMs, asleep } = event;
    const shown = wallClock(timeZone, timestampMs);
    const date = isoDate(shown);
    let steps = event.steps ?? 0;
    if (stepCounter === 'cumulative' && event.steps !== null) {
      if (reading === null) steps = 0;
      else if (event.steps >= reading) steps = event.steps - reading;
      reading = event.steps;
    }
    const midnight = new Date(date).getTime() + 86_400_000;
    const ends = [timestampMs + 600_000, timestampMs + (midnight - shown)];
    const next = events[at + 1];
    if (next) ends.push(next.timestampMs);
    return { event, date, steps, asleepUntilMs: asleep === true ? Math.min(...ends) : timestampMs };
  });
}

/** By asking of each piece between two ends whether anybody speaks for it. */
function asleepMs(told: readonly Told[]): number {
  const spans = told.map(({ event, asleepUntilMs }) => [event.timestampMs, asleepUntilMs] as const);
  const ends = [...new Set(spans.flat())].sort((a, b) => a - b);
  return ends.reduce((sum, from, at) => {
    const to = ends[at + 1] ?? from;
    return sum + (spans.some(([since, until]) => since <= from && to <= until) ? to - from : 0);
  }, 0);
}

const mean = (rates: readonly number[]): number | null =>
  rates.length === 0
    ? null
    : rates.reduce((sum, rate) => sum + Math.round(rate * 1000), 0) / 1000 / rates.length;

function aggregateOf(userId: string, periodStart: string, told: readonly Told[]): PersonAggregate {
  const rates = (of: readonly Told[]) =>
    of.flatMap(({ event }) => (event.heartRate === null ? [] : [event.heartRate]));
  const all = rates(told);
  const dates = groups(told, ({ date }) => date);
  return {
    ...{ userId, periodStart },
    totalSteps: told.reduce((sum, { steps }) => sum + steps, 0),
    avgHeartRateAsleep: mean(rates(told.filter(({ event }) => event.asleep === true))),
    avgHeartRate: mean(all),
    minHeartRate: all.length > 0 ? Math.min(...all) : null,
    maxHeartRate: all.length > 0 ? Math.max(...all) : null,
    minutesAsleep: dates.reduce((sum, [, of]) => sum + asleepMs(of), 0) / 60_000,
    events: told.length,
    devices: new Set(told.map(({ event }) => event.deviceId)).size,
  };
}

const DAY_MS = 86_400_000;

/** A number that a device uses again on another day is another event. */
export const keyOf = ({ timestampMs, eventId }: DeviceEvent): string =>
  `${Math.floor(timestampMs / DAY_MS)} ${eventId}`;

/** By grain, in the order of people and periods. Events without a profile are left out, the same event counts once. */
export function aggregatesByHand(
  events: Iterable<DeviceEvent>,
  profiles: readonly UserProfile[],
): Record<Grain, PersonAggregate[]> {
  const keyed = [...events].map((event) => [keyOf(event), event] as const);
  const different = [...new Map(keyed).values()];
  different.sort(
    (a, b) =>
      a.timestampMs - b.timestampMs ||
      (a.sequence ?? -1) - (b.sequence ?? -1) ||
      (a.steps ?? -1) - (b.steps ?? -1) ||
      (a.eventId < b.eventId ? -1 : 1),
  );
  const told = profiles.flatMap((profile) =>
    toldBy(
      different.filter(({ deviceId }) => deviceId === profile.deviceId),
      profile,
    ).map((each) => ({ ...each, userId: profile.userId })),
  );
  const of = (grain: Grain) =>
    groups(told, ({ userId }) => userId).flatMap(([userId, all]) =>
      groups(all, ({ date }) => periodOf(grain, date)).map(([start, within]) =>
        aggregateOf(userId, start, within),
      ),
    );
  return { day: of('day'), week: of('week'), month: of('month') };
}
