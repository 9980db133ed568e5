/** Makes small files of the format `casas`. */

export const CASAS_COLUMNS = `stamp yaw pitch roll rotation_rate_x rotation_rate_y rotation_rate_z
  user_acceleration_x user_acceleration_y user_acceleration_z location_type
  latitude_distance_from_mean longitude_distance_from_mean altitude_distance_from_mean course speed
  horizontal_accuracy vertical_accuracy battery_state user_activity_label`.split(/\s+/);

const TEXTS = new Set(['location_type', 'battery_state', 'user_activity_label']);

export const typeOf = (column: string): string =>
  column === 'stamp' ? 'dt' : TEXTS.has(column) ? 's' : 'f';

/** The local clock's text, as the files have it. */
export const stampOf = (ms: number): string =>
  new Date(ms).toISOString().replace('T', ' ').replace('Z', '000');

export type MadeRow = Readonly<Record<string, string | number>>;

const motion = (at: number): MadeRow =>
  Object.fromEntries(CASAS_COLUMNS.slice(1, 10).map((name, axis) => [name, Math.sin(at + axis)]));

/** Rows every 100 ms from a moment on; `more` adds to single rows or takes from them. */
export const samples = (
  startMs: number,
  count: number,
  more: (at: number) => MadeRow = () => ({}),
): MadeRow[] =>
  Array.from({ length: count }, (_, at) => ({
    stamp: stampOf(startMs + at * 100),
    ...motion(at),
    ...more(at),
  }));

export const lineOf = (row: MadeRow, columns: readonly string[] = CASAS_COLUMNS): string =>
  columns.map((name) => row[name] ?? '').join(',');

export const casasFile = (
  rows: readonly (MadeRow | string)[],
  columns: readonly string[] = CASAS_COLUMNS,
): string => {
  const lines = rows.map((row) => (typeof row === 'string' ? row : lineOf(row, columns)));
  return [columns.join(','), columns.map(typeOf).join(','), ...lines, ''].join('\n');
};
