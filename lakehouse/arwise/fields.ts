/** What a line of ArWISE's window files holds: a moment, 100 samples of eight values, and a label. */
import type { BulkField } from '../bulk/fields';
import type { Channel } from '../landing/recordings-layout';

export const SAMPLES_OF_WINDOW = 100;
/** 10 Hz. */
export const STEP_MS = 100;

export interface SampleField {
  readonly name: string;
  readonly unit: string;
  readonly comment: string;
  /** Whether a window without it is none. */
  readonly required: boolean;
}

const axes = (name: string, unit: string, comment: string): SampleField[] =>
  ['x', 'y', 'z'].map((axis) => ({
    ...{ name: `${name}_${axis}`, unit, comment: `${comment}, ${axis}`, required: true },
  }));

export const MOTION: readonly SampleField[] = [
  ...axes('user_acceleration', 'g', 'Acceleration without gravity'),
  ...axes('rotation_rate', 'rad/s', 'Rotation rate'),
];

export const HOME: readonly SampleField[] = [
  { name: 'distance_from_home', unit: 'm', comment: 'Distance from home', required: false },
  {
    name: 'bearing_from_home',
    unit: '°',
    comment: 'Direction from home, clockwise from north',
    required: false,
  },
];

export const SAMPLE_FIELDS: readonly SampleField[] = [...MOTION, ...HOME];

/** Of one sample of the window: `rotation_rate_x_17`. */
const placeOf = ({ name }: SampleField, sample: number): string => `${name}_${sample}`;

const SAMPLE_NUMBERS = Array.from({ length: SAMPLES_OF_WINDOW }, (_, at) => at + 1);

export const STAMP: BulkField = { name: 'stamp', type: 'moment', required: true };
export const LABEL: BulkField = { name: 'activity_label', type: 'text', required: false };

/** The moment, eight series, and the label. */
export const ARWISE_FIELDS: readonly BulkField[] = [
  STAMP,
  ...SAMPLE_FIELDS.map((field): BulkField => ({
    ...{ name: field.name, type: 'number', required: field.required },
    series: SAMPLE_NUMBERS.map((sample) => placeOf(field, sample)),
  })),
  LABEL,
];

export const CHANNELS: readonly Channel[] = MOTION.map(({ name, unit }) => ({
  ...{ name, unit, minimum: null, maximum: null },
}));
