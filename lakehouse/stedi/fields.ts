/** What the three sources of the format `stedi` hold, field by field: declared, never inferred. */
import { withoutBlanks, withoutBlanksSql } from '../blanks';
import { STEDI_LANDING } from './locations';

export type SourceName = keyof typeof STEDI_LANDING;

export const SOURCE_NAMES = Object.keys(STEDI_LANDING) as readonly SourceName[];

export interface Field {
  readonly name: string;
  /** An epoch is a whole number of milliseconds since 1970. */
  readonly type: 'text' | 'epoch' | 'number';
  readonly required: boolean;
  readonly personal: boolean;
  readonly comment: string;
}

const field = (
  name: string,
  type: Field['type'],
  comment: string,
  { required = true, personal = false }: { required?: boolean; personal?: boolean } = {},
): Field => ({ name, type, required, personal, comment });

const personal = { personal: true };
const maybePersonal = { personal: true, required: false };
const optional = { required: false };

export const SOURCE_FIELDS: Readonly<Record<SourceName, readonly Field[]>> = {
  customer: [
    field('customerName', 'text', 'Name', maybePersonal),
    field('email', 'text', 'E-mail, which names the person', personal),
    field('phone', 'text', 'Telephone', maybePersonal),
    // Half of the real ones lie before 1900 or are no dates at all.
    field('birthDay', 'text', 'Birthday, as written', maybePersonal),
    field('serialNumber', 'text', "Serial number of the person's step trainer"),
    field('registrationDate', 'epoch', 'When the person registered'),
    field('lastUpdateDate', 'epoch', 'When the row was last changed'),
    field('shareWithResearchAsOfDate', 'epoch', 'Consent to research, from then on', optional),
    field('shareWithPublicAsOfDate', 'epoch', 'Consent to the public, from then on', optional),
    field('shareWithFriendsAsOfDate', 'epoch', 'Consent to friends, from then on', optional),
  ],
  accelerometer: [
    field('user', 'text', 'E-mail of the person', personal),
    field('timestamp', 'epoch', 'Moment of the reading'),
    field('x', 'number', 'Acceleration, g'),
    field('y', 'number', 'Acceleration, g'),
    field('z', 'number', 'Acceleration, g'),
  ],
  step_trainer: [
    field('sensorReadingTime', 'epoch', 'Moment of the reading'),
    field('serialNumber', 'text', 'Serial number of the step trainer'),
    field('distanceFromObject', 'number', 'Distance of the object'),
  ],
};

/** Fields by which a row of the source belongs to a person. */
export const IDENTIFIERS: Readonly<Record<SourceName, readonly string[]>> = {
  customer: ['email'],
  accelerometer: ['user'],
  step_trainer: ['serialNumber'],
};

// DuckDB, Java and JavaScript lower these two differently: İ into one letter or two, Σ by its place.
const CAPITALS = { İ: 'i', Σ: 'σ' } as const;

/** Spellings of one e-mail or serial number are one: the same rule as `normalSql`. */
export const normal = (identifier: string): string =>
  Object.entries(CAPITALS)
    .reduce((text, [from, to]) => text.replaceAll(from, to), withoutBlanks(identifier))
    .toLowerCase();

/**
 * Nothing but the case to mend: ASCII alone, and neither end a blank or a control character. By
 * LEAST, because DuckDB takes a join by an expression with `>=` for one without a condition, and
 * builds its table from the larger side.
 */
const isPlainSql = (text: string): string =>
  `BIT_LENGTH(${text}) = 8 * LENGTH(${text}) AND LEAST(${text}, SUBSTRING(${text}, -1), '!') = '!'`;

/** Of plain letters the case alone: that costs a fifth of the rest. */
export const normalSql = (expression: string): string => {
  const replaced = Object.entries(CAPITALS).reduce(
    (text, [from, to]) => `REPLACE(${text}, '${from}', '${to}')`,
    withoutBlanksSql(expression),
  );
  return `LOWER(CASE WHEN ${isPlainSql(expression)} THEN ${expression} ELSE ${replaced} END)`;
};
