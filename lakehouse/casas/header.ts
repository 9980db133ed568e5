/** The two header lines of a CASAS file: names, then types. */
import { fewOf } from '../../core/few-of';
import { WatchlakeError } from '../../core/errors';
import { counted } from '../../core/figures';
import { headerCells } from '../bulk/header-cells';
import type { Header } from '../bulk/read-slice';
import { columnPlaces } from '../landing/csv';
import type { Channel } from '../landing/recordings-layout';
import { CASAS_FIELDS, STAMP, TRIADS } from './fields';
import type { CasasField } from './fields';

export const HEADER_LINES = 2;

const malformed = (file: string, line: number, detail: string): WatchlakeError =>
  new WatchlakeError('CSV_MALFORMED', { file, line, detail });

function checkType(file: string, types: readonly string[], at: number, { name, code }: CasasField) {
  if (types[at] === code) return;
  throw malformed(
    file,
    2,
    `the type of ${name} is ${types[at] || 'empty'} instead of ${code}: the second line names the type of each column (dt, f or s)`,
  );
}

/** A sensor whose axes are not all there cannot be used, and was hardly meant to be left out. */
function checkTriads(file: string, names: readonly string[], places: Header['places']): void {
  for (const triad of TRIADS) {
    const missing = triad.filter(({ name }) => !places.has(name));
    if (missing.length === 0 || missing.length === triad.length) continue;
    const [column, ...others] = missing.map(({ name }) => name);
    const found = names.join(', ');
    throw new WatchlakeError('COLUMN_MISSING', { file, column, also: fewOf(others), found });
  }
  if (motionOf({ places }).length > 0) return;
  const column = 'user_acceleration_x';
  throw new WatchlakeError('COLUMN_MISSING', { file, column, found: names.join(', ') });
}

/** Motion columns of the file, in our order. */
export const motionOf = ({ places }: Pick<Header, 'places'>): CasasField[] =>
  TRIADS.flat().filter(({ name }) => places.has(name));

/** COLUMN_MISSING, or CSV_MALFORMED when the second line does not name the types. */
export function readHeader(
  file: string,
  lines: readonly string[],
  channels: readonly Channel[],
): Header {
  const names = headerCells(file, 1, lines[0] ?? '');
  const types = headerCells(file, 2, lines[1] ?? '');
  const wanted = [STAMP.name, ...channels.map(({ name }) => name)];
  const all = columnPlaces(file, names, wanted);
  if (types.length !== names.length) {
    const detail = `there are ${counted(names.length, 'column')} and ${counted(types.length, 'type')}: the second line names the type of each column (dt, f or s)`;
    throw malformed(file, 2, detail);
  }
  const known = CASAS_FIELDS.filter(({ name }) => all.has(name));
  for (const field of known) checkType(file, types, all.get(field.name) as number, field);
  const places = new Map(known.map(({ name }) => [name, all.get(name) as number]));
  checkTriads(file, names, places);
  return { width: names.length, places };
}
