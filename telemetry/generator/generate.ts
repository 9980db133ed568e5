/** Makes events of devices of any number and length of time, and with them what every aggregate must come to be. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WatchlakeError } from '../../core/errors';
import type { Grain } from '../aggregate';
import type { UserProfile } from '../profile';
import type { ArrivalCounts } from './arrivals';
import { Arrivals } from './arrivals';
import { ExpectedAggregates, type ExpectedAggregate } from './expected';
import { DeviceLife, type MadeEvent } from './life';
import type { GeneratorOptions } from './options';
import { beginning, checkedOptions } from './options';
import { newPopulation } from './people';
import { TextFile } from './text-file';

export const FILES = {
  events: 'events.jsonl',
  profiles: 'profiles.json',
  expected: 'expected.json',
} as const;

export interface GeneratedCounts extends ArrivalCounts {
  /** Different ones, also of devices without a profile. */
  events: number;
  withoutProfile: number;
  aggregates: Record<Grain, number>;
}

export interface Generated {
  readonly formatVersion: 1;
  readonly options: GeneratorOptions;
  readonly counts: GeneratedCounts;
}

/** What the file holds besides; the aggregates may be many, and are written one on each line. */
export interface ExpectedFile extends Generated {
  readonly aggregates: readonly ExpectedAggregate[];
}

/** Not among those of people and devices. */
const ARRIVALS_STREAM = 4;
const DAY_SECONDS = 86_400;

async function emptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const present = await readdir(folder);
  if (present.length > 0) throw new WatchlakeError('TARGET_EXISTS', { target: folder });
}

function profilesText(profiles: readonly UserProfile[]): string {
  const rows = profiles.map((profile) => ({
    ...{ user_id: profile.userId, device_id: profile.deviceId, user_email: profile.userEmail },
    ...{ gender: profile.gender, age: profile.age },
    ...{ time_zone: profile.timeZone, step_counter: profile.stepCounter },
  }));
  return `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`;
}

class Making {
  readonly options: GeneratorOptions;
  readonly events: TextFile;
  readonly expected: TextFile;
  readonly #aggregates: ExpectedAggregates;
  readonly #arrivals: Arrivals;
  readonly #lives: readonly DeviceLife[];
  readonly #counts = { events: 0, withoutProfile: 0 };
  #last: MadeEvent | undefined;

  constructor(
    options: GeneratorOptions,
    lives: readonly DeviceLife[],
    files: [TextFile, TextFile],
  ) {
    this.options = options;
    [this.events, this.expected] = files;
    this.#lives = lives;
    let separator = '\n';
    this.expected.add('{"aggregates":[');
    this.#aggregates = new ExpectedAggregates((aggregate) => {
      this.expected.add(separator + JSON.stringify(aggregate));
      separator = ',\n';
    });
    this.#arrivals = new Arrivals(options, ARRIVALS_STREAM, (line) => this.events.add(`${line}\n`));
  }

  /** Every device's event of the tick, in the order of their moments. */
  tick(startMs: number): void {
    const made = this.#lives.flatMap((life) => life.next(startMs) ?? []);
    made.sort((a, b) => a.timestampMs - b.timestampMs);
    for (const event of made) {
      this.#counts.events += 1;
      if (event.device.person === null) this.#counts.withoutProfile += 1;
      this.#aggregates.add(event);
      this.#arrivals.add(event);
    }
    this.#last = made.at(-1) ?? this.#last;
    this.#arrivals.nextTick();
  }

  async settle(): Promise<void> {
    await this.events.settle();
    await this.expected.settle();
  }

  finish(): Generated {
    this.#arrivals.close(this.#last);
    this.#aggregates.close();
    const aggregates = this.#aggregates.counts;
    const counts = { ...this.#counts, ...this.#arrivals.counts, aggregates };
    const generated: Generated = { formatVersion: 1, options: this.options, counts };
    this.expected.add(`\n],\n${JSON.stringify(generated, null, 2).slice(2)}\n`);
    return generated;
  }
}

/**
 * Writes events.jsonl in the order of arrival, profiles.json and expected.json. The same options give the same bytes; memory grows with the number
 * of devices alone. TARGET_EXISTS when the folder is not empty.
 */
export async function generateDeviceEvents(
  folder: string,
  given: Partial<GeneratorOptions> = {},
  onDay?: (done: number) => void,
): Promise<Generated> {
  const options = checkedOptions(given);
  await emptyFolder(folder);
  const { devices, profiles } = newPopulation(options);
  await writeFile(join(folder, FILES.profiles), profilesText(profiles));
  const [everyMs, startMs] = [options.everySeconds * 1000, beginning(options)];
  const lives = devices.map((device) => new DeviceLife(device, everyMs, startMs));
  const events = await TextFile.create(join(folder, FILES.events));
  const expected = await TextFile.create(join(folder, FILES.expected));
  try {
    const making = new Making(options, lives, [events, expected]);
    const seconds = options.days * DAY_SECONDS;
    for (let second = 0; second < seconds; second += options.everySeconds) {
      making.tick(startMs + second * 1000);
      await making.settle();
      const day = Math.floor(second / DAY_SECONDS);
      if (Math.floor((second + options.everySeconds) / DAY_SECONDS) > day) onDay?.(day + 1);
    }
    return making.finish();
  } finally {
    await events.close();
    await expected.close();
  }
}
