/** The forms of requests and answers as JSON Schema, for the OpenAPI document; limits come from where they are held. */
import { REJECTIONS } from '../../telemetry/event';
import { LIMITS } from '../../telemetry/fields';
import { DATE_FORM } from '../../telemetry/moment';
import { DOOR_REJECTIONS } from './admission';
import { PARSE_REJECTIONS } from './records';

type Schema = Readonly<Record<string, unknown>>;

// Printable, without spaces at the ends.
const PRINTABLE = '[!-~\\u00a1-\\u167f]';
const PRINTABLE_OR_SPACE = '[ -~\\u00a1-\\u167f]';

const orNull = (schema: Schema): Schema => ({ ...schema, type: [schema['type'], 'null'] });

const device: Schema = {
  type: 'string',
  maxLength: LIMITS.deviceIdLength,
  pattern: `^${PRINTABLE}(${PRINTABLE_OR_SPACE}*${PRINTABLE})?$`,
  examples: ['watch-0001'],
};
const heartRate = orNull({
  type: 'number',
  ...LIMITS.heartRate,
  description: 'Beats per minute.',
  examples: [62],
});
const steps = orNull({
  type: 'integer',
  ...LIMITS.steps,
  description: 'Since the reading before, or since the counter began.',
  examples: [14],
});
const state = orNull({
  type: 'string',
  maxLength: LIMITS.stateLength,
  pattern: `^${PRINTABLE_OR_SPACE}*$`,
  examples: ['asleep'],
});
const timestamp: Schema = {
  type: 'number',
  minimum: 946_684_800,
  exclusiveMaximum: 4_102_444_799,
  description: 'Seconds since the epoch, with a fraction.',
  examples: [1_764_064_800.25],
};
const date: Schema = {
  type: 'string',
  pattern:
    '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]) ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}$',
  description: `${DATE_FORM}, in UTC. The ISO form with T, Z or an offset is taken too.`,
  examples: ['2025-11-25 10:00:00.250'],
};

const oneOf = (...names: string[]): Schema => ({
  oneOf: names.map((name) => ({ required: [name] })),
});
const notBoth = (...names: string[]): Schema => ({ not: { required: names } });

const VALUE: Schema = {
  $id: 'Value',
  title: 'Value',
  description: 'Of an undeclared field: any JSON whose whole numbers a double can hold.',
  anyOf: [
    { type: ['string', 'boolean', 'null'] },
    { type: 'number', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
    { type: 'array', items: { $ref: 'Value#' } },
    { type: 'object', additionalProperties: { $ref: 'Value#' } },
  ],
};

const EVENT_EXAMPLES = [
  { device_id: 'watch-0001', timestamp: 1_764_064_800.25, hr: 62, steps: 14, state: 'awake' },
  { 'Device ID': 'watch-0002', date: '2025-11-25 10:00:00.250', 'Heart Rate': 51 },
];

const EVENT: Schema = {
  $id: 'Event',
  title: 'Event',
  type: 'object',
  description:
    'One reading of a device, in either spelling or a mixture of both. A field under both of its names has to say the same twice. Other fields are kept with the event. docs/devices.md says more.',
  properties: {
    device_id: device,
    'Device ID': device,
    timestamp,
    date,
    hr: heartRate,
    'Heart Rate': heartRate,
    steps,
    'Step Count': steps,
    state,
    'Sleeping State': state,
    sequence: orNull({
      type: 'integer',
      ...LIMITS.sequence,
      description:
        "The event's number at its device; the same number on the same date (UTC) is the same event.",
      examples: [48],
    }),
  },
  allOf: [
    oneOf('device_id', 'Device ID'),
    oneOf('timestamp', 'date'),
    notBoth('hr', 'Heart Rate'),
    notBoth('steps', 'Step Count'),
    notBoth('state', 'Sleeping State'),
  ],
  additionalProperties: { $ref: 'Value#' },
  examples: EVENT_EXAMPLES,
};

const code: Schema = {
  type: 'string',
  enum: [...REJECTIONS, ...PARSE_REJECTIONS, ...DOOR_REJECTIONS],
};

const rejection = {
  status: { type: 'string', const: 'rejected' },
  code,
  field: { type: ['string', 'null'], description: 'As the sender spelled it.' },
  message: { type: 'string', description: 'What was expected.' },
  retryable: {
    type: 'boolean',
    description: 'Whether it may be taken later: when its time has come, without the same key.',
  },
};

const REJECTION_EXAMPLE = {
  ...{ status: 'rejected', code: 'missing-time', field: 'timestamp' },
  ...{ message: 'expected timestamp or date', retryable: false },
};

const STORED: Schema = {
  $id: 'Stored',
  title: 'Stored',
  type: 'object',
  required: ['status'],
  properties: {
    status: {
      type: 'string',
      enum: ['accepted', 'duplicate'],
      description: 'Stored now, or before.',
    },
  },
};

const REJECTED: Schema = {
  $id: 'Rejected',
  title: 'Rejected',
  type: 'object',
  required: ['status', 'code', 'message', 'retryable'],
  properties: rejection,
  examples: [REJECTION_EXAMPLE],
};

const result: Schema = {
  oneOf: [
    {
      type: 'object',
      required: ['index', 'status'],
      properties: { index: { type: 'integer', minimum: 0 }, ...(STORED['properties'] as object) },
    },
    {
      type: 'object',
      required: ['index', 'status', 'code', 'message', 'retryable'],
      properties: { index: { type: 'integer', minimum: 0 }, ...rejection },
    },
  ],
};

const count: Schema = { type: 'integer', minimum: 0 };

const BATCH: Schema = {
  $id: 'Batch',
  title: 'Batch',
  type: 'object',
  required: ['accepted', 'duplicate', 'rejected', 'results'],
  properties: {
    ...{ accepted: count, duplicate: count, rejected: count },
    results: { type: 'array', items: result, description: 'One for each record, in their order.' },
  },
  examples: [
    {
      ...{ accepted: 1, duplicate: 0, rejected: 1 },
      results: [
        { index: 0, status: 'accepted' },
        { index: 1, ...REJECTION_EXAMPLE },
      ],
    },
  ],
};

const PROBLEM: Schema = {
  $id: 'Problem',
  title: 'Problem',
  type: 'object',
  description: 'Why the request as a whole was refused. docs/errors.md lists the codes.',
  required: ['code', 'message', 'remedy'],
  properties: {
    ...{ code: { type: 'string' }, message: { type: 'string' }, remedy: { type: 'string' } },
  },
};

const HEALTH: Schema = {
  $id: 'Health',
  title: 'Health',
  type: 'object',
  required: ['status'],
  properties: {
    status: { type: 'string', enum: ['ok', 'unavailable'] },
    parts: { type: 'object', additionalProperties: { type: 'string' } },
  },
};

/** On this machine alone, and without configured tokens, none is needed. */
export const TOKEN_OR_NONE: readonly Readonly<Record<string, readonly string[]>>[] = [
  {},
  { token: [] },
];

/** Shared by reference in the document. */
export const SCHEMAS = [VALUE, EVENT, STORED, REJECTED, BATCH, PROBLEM, HEALTH] as const;
