/** Makes data of the format `stedi` of any size, and with them how many rows each table must come to have. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WatchlakeError } from '../../../core/errors';
import type { Random } from '../../../core/random';
import { createRandom, streamSeed } from '../../../core/random';
import { count } from '../../counts';
import type { SourceName } from '../fields';
import { SOURCE_NAMES } from '../fields';
import type { Expected } from './expected';
import { expectGroup, nothingExpected } from './expected';
import { LineFiles } from './line-files';
import { accelerometerLine, customerLine, spoilersOf, stepLine } from './lines';
import type { GeneratorOptions } from './options';
import { checkedOptions } from './options';
import { GROUP_SIZE, newGroup } from './people';
import { readingsOf } from './readings';

export const EXPECTED_FILE = 'expected.json';

export interface Generated extends Expected {
  readonly formatVersion: 1;
  readonly options: GeneratorOptions;
  readonly files: readonly string[];
}

/** Streams of chance: more of the one do not change the other. */
const STREAMS = { people: 0, spoilt: 1 } as const;

class Writer {
  readonly #files: Record<SourceName, LineFiles>;
  readonly #spoilers = Object.fromEntries(
    SOURCE_NAMES.map((source) => [source, spoilersOf(source)]),
  ) as Record<SourceName, ReturnType<typeof spoilersOf>>;
  readonly #good: Record<SourceName, number> = { customer: 0, accelerometer: 0, step_trainer: 0 };
  readonly #spoilt = { ...this.#good };
  readonly #random: Random;
  readonly options: GeneratorOptions;
  readonly expected: Expected;

  constructor(folder: string, options: GeneratorOptions, expected: Expected) {
    this.options = options;
    this.expected = expected;
    this.#random = createRandom(streamSeed(options.seed, STREAMS.spoilt));
    this.#files = Object.fromEntries(
      SOURCE_NAMES.map((source) => [source, new LineFiles(folder, source, options.linesPerFile)]),
    ) as Record<SourceName, LineFiles>;
  }

  add(source: SourceName, line: string): void {
    this.#files[source].add(line);
    this.#good[source] += 1;
    const due = Math.floor(this.#good[source] * this.options.malformedShare);
    if (this.#spoilt[source] < due) this.#spoil(source);
  }

  async settle(): Promise<void> {
    for (const files of Object.values(this.#files)) await files.settle();
  }

  /** Each kind once at least, if there are to be any. */
  async finish(): Promise<string[]> {
    for (const source of SOURCE_NAMES) {
      const kinds = this.options.malformedShare > 0 ? this.#spoilers[source].length : 0;
      while (this.#spoilt[source] < kinds) this.#spoil(source);
      await this.#files[source].close();
    }
    return SOURCE_NAMES.flatMap((source) => this.#files[source].files);
  }

  #spoil(source: SourceName): void {
    const kinds = this.#spoilers[source];
    const spoil = kinds[this.#spoilt[source] % kinds.length] as (typeof kinds)[number];
    const { fault, line } = spoil(this.#random);
    this.#spoilt[source] += 1;
    if (fault !== null) count(this.expected.landing[source].quarantined, fault);
    this.#files[source].add(line);
  }
}

async function writeGroups(writer: Writer, onCustomers?: (done: number) => void): Promise<void> {
  const { options, expected } = writer;
  const { customers, sharedSerials, seed } = options;
  const random = createRandom(streamSeed(seed, STREAMS.people));
  let [done, from, shared] = [0, 0, 0];
  while (done < customers) {
    const size = Math.min(GROUP_SIZE, customers - done);
    // Spread over all groups, as many as fit.
    const due = Math.ceil((sharedSerials * (done + size)) / customers) - shared;
    const people = newGroup(random, { from, size, sharedSerials: due }, options);
    const readings = readingsOf(random, people, options);
    for (const person of people) {
      for (const row of person.rows) writer.add('customer', customerLine(random, person, row));
    }
    for (const each of readings.accelerometer) {
      writer.add('accelerometer', accelerometerLine(each));
    }
    for (const each of readings.steps) writer.add('step_trainer', stepLine(each));
    await writer.settle();
    expectGroup(expected, people, readings);
    done += size;
    from += people.length;
    shared += due;
    onCustomers?.(done);
  }
}

async function emptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const present = await readdir(folder);
  if (present.length > 0) throw new WatchlakeError('TARGET_EXISTS', { target: folder });
}

/** The same options give the same bytes. TARGET_EXISTS when the folder is not empty. */
export async function generateStedi(
  folder: string,
  given: Partial<GeneratorOptions> = {},
  onCustomers?: (done: number) => void,
): Promise<Generated> {
  const options = checkedOptions(given);
  await emptyFolder(folder);
  const expected = nothingExpected();
  const writer = new Writer(folder, options, expected);
  await writeGroups(writer, onCustomers);
  const files = await writer.finish();
  const generated: Generated = { formatVersion: 1, options, files, ...expected };
  await writeFile(join(folder, EXPECTED_FILE), `${JSON.stringify(generated, null, 2)}\n`);
  return generated;
}
