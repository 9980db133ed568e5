/** Where the tables of the format `stedi` lie: by what they tell of, then by zone. */
import type { Zone } from '../tables';

/** The dataset whose folders lie at the root of the lake, as its readers elsewhere expect them. */
export const STEDI_DATASET = 'stedi';

export const STEDI_LANDING = {
  customer: 'customer_landing',
  accelerometer: 'accelerometer_landing',
  step_trainer: 'step_trainer_landing',
} as const;

export const CUSTOMER_TRUSTED = 'customer_trusted';
export const ACCELEROMETER_TRUSTED = 'accelerometer_trusted';
export const CUSTOMER_CURATED = 'customer_curated';
export const STEP_TRAINER_TRUSTED = 'step_trainer_trusted';
export const MACHINE_LEARNING_CURATED = 'machine_learning_curated';

export const STEDI_TABLES: readonly string[] = [
  ...Object.values(STEDI_LANDING),
  CUSTOMER_TRUSTED,
  ACCELEROMETER_TRUSTED,
  CUSTOMER_CURATED,
  STEP_TRAINER_TRUSTED,
  MACHINE_LEARNING_CURATED,
];

/** Folders of the lake that mean something else, and so cannot be the name of a dataset. */
const RESERVED = new Set([
  ...['landing', 'trusted', 'curated', 'refresh', 'jobs', 'catalog', 'athena', 'removed'],
  ...['models', 'comparisons', 'scores'],
  ...['customer', 'accelerometer', 'step_trainer', 'machine_learning'],
]);

export const isReserved = (dataset: string): boolean => RESERVED.has(dataset);

const base = (dataset: string): string => (dataset === STEDI_DATASET ? '' : `${dataset}/`);

/** `customer_landing` lies in `customer/landing/`, below the dataset's name unless that is `stedi`. */
export function stediLocation(dataset: string, table: string): string {
  const at = table.lastIndexOf('_');
  const [subject, zone] = [table.slice(0, at), table.slice(at + 1) as Zone];
  return `${base(dataset)}${subject}/${zone}/`;
}
