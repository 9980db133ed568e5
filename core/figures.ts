/** Figures as people read them. */

/** Whole numbers with thousands: 244,102. */
export const count = (value: number): string => value.toLocaleString('en-US');

/** A count and its noun: `1 label`, `2 labels`. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `4.2 MB`, in steps of a thousand. */
export function bytes(value: number): string {
  let rest = value;
  let unit = 0;
  while (rest >= 1000 && unit < UNITS.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? rest : rest.toFixed(1)} ${UNITS[unit]}`;
}

/** Seconds as a person says them: `4.2 s`, `1 min 23 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const dollars = (value: number): string => `$${value.toFixed(4)}`;

/** Other figures: three digits say enough. */
export const figure = (value: number): string =>
  Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(3)));
