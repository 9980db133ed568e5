/** Makes window files of the format `arwise`, and finds the public ones. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../core/project-root';
import { SAMPLES_OF_WINDOW, SAMPLE_FIELDS } from '../../lakehouse/arwise/fields';
import { stampOf } from './casas';

/** Sample by sample, as the published files have them. */
export const ARWISE_COLUMNS = [
  'stamp',
  ...Array.from({ length: SAMPLES_OF_WINDOW }, (_, at) =>
    SAMPLE_FIELDS.map(({ name }) => `${name}_${at + 1}`),
  ).flat(),
  'activity_label',
];

export interface MadeWindow {
  readonly endMs: number;
  readonly label?: string;
  /** Values that differ from the usual wave, by column. */
  readonly more?: Readonly<Record<string, string>>;
}

const valueOf = (column: string, { endMs, label = '', more = {} }: MadeWindow): string => {
  const given = more[column];
  if (given !== undefined) return given;
  if (column === 'stamp') return stampOf(endMs);
  if (column === 'activity_label') return label;
  if (column.includes('home')) return '';
  const [, axis = '', sample = ''] = /_([xyz])_(\d+)$/.exec(column) ?? [];
  return Math.sin(Number(sample) / 5 + axis.charCodeAt(0)).toFixed(6);
};

export const arwiseFile = (
  windows: readonly (MadeWindow | string)[],
  columns = ARWISE_COLUMNS,
): string =>
  [
    columns.join(','),
    ...windows.map((window) =>
      typeof window === 'string' ? window : columns.map((name) => valueOf(name, window)).join(','),
    ),
    '',
  ].join('\n');

const HOUR_MS = 3_600_000;

/** Two activities in turn, each for a burst of six windows an hour. */
export const arwiseWindows = (startMs: number, bursts = 12): MadeWindow[] =>
  Array.from({ length: bursts * 6 }, (_, at) => {
    const number = Math.floor(at / 6);
    const [label, x] = number % 2 === 0 ? ['Eat', '3'] : ['Work', '-3'];
    const endMs = startMs + number * HOUR_MS + (at % 6) * 10_000;
    return { endMs, label, more: { user_acceleration_x_5: x } };
  });

const given = process.env.WATCHLAKE_ARWISE_DATA ?? join(PROJECT_ROOT, '..', 'shared', 'data');
const ARCHIVE = join(given, 'arwise-p1.tar.xz');
export const hasRealArwise = existsSync(ARCHIVE);

/** The folder that holds the public files of one participant. */
export async function realArwise(folder: string): Promise<string> {
  const into = join(folder, 'arwise');
  await mkdir(into, { recursive: true });
  const { status, stderr } = spawnSync('tar', ['-xJf', ARCHIVE, '-C', into]);
  if (status !== 0) throw new Error(`tar: ${stderr.toString()}`);
  return into;
}

/** For files whose tests need the public data: says loudly when they are not there. */
export function whenRealArwise(what: string): jest.It {
  if (hasRealArwise) return test;
  process.stderr.write(
    `\nNOT TESTED: ${what}. ${ARCHIVE} is missing; set WATCHLAKE_ARWISE_DATA to its folder.\n\n`,
  );
  return test.skip;
}
