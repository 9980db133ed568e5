/** How many made-up devices send for how long, and how much of it is trouble. */
import { WatchlakeError } from '../../core/errors';
import { EARLIEST_MS, LATEST_MS } from '../moment';

export interface GeneratorOptions {
  readonly users: number;
  /** Of all users together; the first of them have a second one. */
  readonly devices: number;
  /** Devices besides, that no profile names. */
  readonly strangers: number;
  /** UTC. */
  readonly from: string;
  readonly days: number;
  /** Between two events of a device, on average and without gaps. */
  readonly everySeconds: number;
  readonly seed: number;
  /** Of the events, how many are sent a second time. */
  readonly duplicateShare: number;
  /** Further lines that are no events, as a share of the events; of each reason at least one. */
  readonly malformedShare: number;
  /** Of the events, how many arrive days after their moment. */
  readonly lateShare: number;
}

export const DEFAULT_USERS = 20;

/** A month in which clocks change on both sides of the Atlantic, and neither weeks nor months begin with it. */
export const DEFAULT_GENERATOR: Omit<GeneratorOptions, 'users' | 'devices'> = {
  strangers: 1,
  from: '2024-03-08',
  days: 30,
  everySeconds: 300,
  seed: 0,
  duplicateShare: 0.02,
  malformedShare: 0.01,
  lateShare: 0.01,
};

export const LIMITS = {
  users: [1, 1_000_000],
  devices: [1, 2_000_000],
  strangers: [0, 100_000],
  days: [1, 36_500],
  everySeconds: [1, 3_600],
  seed: [0, Number.MAX_SAFE_INTEGER],
} as const;

const DAY_MS = 86_400_000;

const refuse = (field: string, detail: string): never => {
  throw new WatchlakeError('INPUT_INVALID', { field, detail });
};

/** The first moment, in milliseconds since the epoch. */
export const beginning = ({ from }: Pick<GeneratorOptions, 'from'>): number =>
  Date.parse(`${from}T00:00:00Z`);

function checkPeriod(options: GeneratorOptions): void {
  const startMs = beginning(options);
  const isDate = /^\d{4}-\d\d-\d\d$/.test(options.from) && !Number.isNaN(startMs);
  if (!isDate || new Date(startMs).toISOString().slice(0, 10) !== options.from) {
    refuse('from', 'it is a date, as 2024-03-08');
  }
  if (startMs < EARLIEST_MS || startMs + options.days * DAY_MS > LATEST_MS) {
    refuse('days', 'events are of the years 2000 to 2099');
  }
}

/** Everyone has a device, and every fourth has a second one, unless told otherwise. INPUT_INVALID names the option. */
export function checkedOptions(given: Partial<GeneratorOptions>): GeneratorOptions {
  const { users = DEFAULT_USERS, devices = users + Math.floor(users / 4), ...others } = given;
  const options = { users, devices, ...DEFAULT_GENERATOR, ...others };
  for (const name of Object.keys(LIMITS) as (keyof typeof LIMITS)[]) {
    const [least, most] = LIMITS[name];
    const value = options[name];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    refuse(name, `it is a whole number from ${least} to ${most}`);
  }
  for (const name of ['duplicateShare', 'malformedShare', 'lateShare'] as const) {
    if (!(options[name] >= 0 && options[name] <= 1)) refuse(name, 'it is from 0 to 1');
  }
  if (devices < users || devices > 2 * users) refuse('devices', 'each user has one or two');
  checkPeriod(options);
  return options;
}
