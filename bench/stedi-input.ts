/** The input of the STEDI bench: the public data many times over, or made-up data of the same size. */
import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import type { SourceName } from '../lakehouse/stedi/fields';
import { SOURCE_NAMES } from '../lakehouse/stedi/fields';
import { generateStedi } from '../lakehouse/stedi/generator/generate';

// Longer than all readings of the public data last: replicas share no moment.
const SHIFT_MS = 3_600_000;
const REAL_CUSTOMERS = 956;

/** Rows by table with the default options. */
export interface BenchInput {
  readonly origin: string;
  readonly expected: Readonly<Record<string, number>>;
}

const PUBLISHED = {
  customer_landing: 956,
  accelerometer_landing: 81_273,
  step_trainer_landing: 28_680,
  customer_trusted: 482,
  accelerometer_trusted: 32_025,
  customer_curated: 464,
  step_trainer_trusted: 11_297,
  machine_learning_curated: 32_025,
};

type Row = Record<string, unknown>;

const PEOPLE: readonly string[] = ['email', 'user', 'serialNumber'];
const MOMENTS = /Date$|^timestamp$|^sensorReadingTime$/;

/** A line in pieces: text, and what differs by replica. */
type Template = readonly (string | { readonly name: string } | { readonly momentMs: number })[];

function templateOf(line: string): Template {
  const parts: Template[number][] = [];
  for (const [field, value] of Object.entries(JSON.parse(line) as Row)) {
    const key = `${parts.length === 0 ? '{' : ','}${JSON.stringify(field)}:`;
    if (PEOPLE.includes(field)) parts.push(key, { name: value as string });
    else if (MOMENTS.test(field)) parts.push(key, { momentMs: value as number });
    else parts.push(key + JSON.stringify(value));
  }
  return [...parts, '}\n'];
}

const fill = (template: Template, replica: number): string =>
  template
    .map((part) => {
      if (typeof part === 'string') return part;
      if ('name' in part) return `"${replica}-${part.name}"`;
      return part.momentMs + replica * SHIFT_MS;
    })
    .join('');

async function replicate(from: string, to: string, replicas: number): Promise<void> {
  const templates: Template[] = [];
  for await (const line of createInterface({ input: createReadStream(from) })) {
    if (line.trim() !== '') templates.push(templateOf(line));
  }
  const out = createWriteStream(to);
  for (let replica = 0; replica < replicas; replica += 1) {
    const lines = templates.map((template) => fill(template, replica)).join('');
    if (!out.write(lines)) await once(out, 'drain');
  }
  await finished(out.end());
}

async function replicaInput(
  archive: string,
  folder: string,
  replicas: number,
): Promise<BenchInput> {
  const real = join(folder, 'real');
  const source = join(folder, 'source');
  await mkdir(real, { recursive: true });
  const { status } = spawnSync('tar', ['-xJf', archive, '-C', real], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${archive} could not be unpacked`);
  for (const name of SOURCE_NAMES) {
    const from = join(real, 'stedi', name);
    await mkdir(join(source, name), { recursive: true });
    for (const file of await readdir(from)) {
      await replicate(join(from, file), join(source, name, file), replicas);
    }
  }
  const expected = Object.entries(PUBLISHED).map(([table, rows]) => [table, rows * replicas]);
  return {
    origin: `${replicas} × the public data`,
    expected: Object.fromEntries(expected) as Record<string, number>,
  };
}

async function madeInput(folder: string, replicas: number): Promise<BenchInput> {
  const customers = replicas * REAL_CUSTOMERS;
  // Clean, as the public data are: every line a row.
  const clean = { malformedShare: 0, outOfRangeShare: 0, noEmailShare: 0, linesPerFile: 2_000_000 };
  const made = await generateStedi(join(folder, 'source'), { customers, ...clean });
  const landing = SOURCE_NAMES.map((name: SourceName) => [
    `${name}_landing`,
    made.landing[name].rows,
  ]);
  const tables = Object.entries(made.tables['from-date, person'] ?? {}).map(([name, { rows }]) => [
    name,
    rows,
  ]);
  return {
    origin: `made-up data of ${replicas} times the public data's size`,
    expected: Object.fromEntries([...landing, ...tables]) as Record<string, number>,
  };
}

/** Below `source` in the folder. */
export function makeInput(archive: string, folder: string, replicas: number): Promise<BenchInput> {
  return existsSync(archive)
    ? replicaInput(archive, folder, replicas)
    : madeInput(folder, replicas);
}
