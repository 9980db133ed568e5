/** What the files of the format `casas` hold, field by field, with the types that their second line names. */
import type { BulkField } from '../bulk/fields';
import type { Channel } from '../landing/recordings-layout';

/** As the second line of a file names them: datetime, float, string. */
export type TypeCode = 'dt' | 'f' | 's';

export interface CasasField extends BulkField {
  readonly code: TypeCode;
  readonly unit: string;
  readonly comment: string;
}

const CODES: Record<BulkField['type'], TypeCode> = { moment: 'dt', number: 'f', text: 's' };

const field = (
  name: string,
  type: BulkField['type'],
  unit: string,
  comment: string,
): CasasField => ({ name, type, unit, comment, code: CODES[type], required: type === 'moment' });

export const STAMP = field('stamp', 'moment', '', "Moment on the wearer's local clock, as written");

const axes = (name: string, unit: string, comment: string): CasasField[] =>
  ['x', 'y', 'z'].map((axis) => field(`${name}_${axis}`, 'number', unit, `${comment}, ${axis}`));

/** What a row needs to be a sample. */
export const MOTION: readonly CasasField[] = [
  field('yaw', 'number', 'rad', 'Attitude of the watch: yaw'),
  field('pitch', 'number', 'rad', 'Attitude of the watch: pitch'),
  field('roll', 'number', 'rad', 'Attitude of the watch: roll'),
  ...axes('rotation_rate', 'rad/s', 'Rotation rate'),
  ...axes('user_acceleration', 'g', 'Acceleration without gravity'),
];

/** One reading of the place: all of them belong together. */
export const LOCATION: readonly CasasField[] = [
  field('location_type', 'text', '', 'Kind of place'),
  field('latitude_distance_from_mean', 'number', '°', "From the mean of the person's places"),
  field('longitude_distance_from_mean', 'number', '°', "From the mean of the person's places"),
  field('altitude_distance_from_mean', 'number', 'm', "From the mean of the person's places"),
  field('course', 'number', '°', 'Direction of travel, clockwise from north'),
  field('speed', 'number', 'm/s', 'Speed of travel'),
  field('horizontal_accuracy', 'number', 'm', 'Uncertainty of the place'),
  field('vertical_accuracy', 'number', 'm', 'Uncertainty of the altitude'),
];

export const BATTERY = field('battery_state', 'text', '', 'unplugged, charging or full');
export const LABEL = field(
  'user_activity_label',
  'text',
  '',
  'Answer to a prompt, on the row of its moment',
);

/** In the order of the published files; a file may have them in any order, and others besides. */
export const CASAS_FIELDS: readonly CasasField[] = [STAMP, ...MOTION, ...LOCATION, BATTERY, LABEL];

/** Motion comes in threes: attitude, rotation and acceleration, each whole or not at all. */
export const TRIADS: readonly (readonly CasasField[])[] = [0, 3, 6].map((at) =>
  MOTION.slice(at, at + 3),
);

export const channelOf = ({ name, unit }: CasasField): Channel => ({
  ...{ name, unit, minimum: null, maximum: null },
});
