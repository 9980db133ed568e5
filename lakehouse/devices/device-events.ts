/** The landing table of device telemetry: every event once, in the partition of its UTC date. */
import type { DeviceEvent } from '../../telemetry/event';
import type { Cell } from '../engines/row-appender';
import { WITHDRAWN } from '../suppression';
import type { RowsTransform, TableDeclaration } from '../tables';
import { column, declareTable, reason } from '../tables';
import { DUPLICATE } from './landing-facts';
import { EVENTS_TABLE } from './names';
import { DOOR_REASONS } from './parse-message';

const optional = { required: false };

export const EVENT_COLUMNS = [
  column('event_id', 'string', 'Hash of device and sequence number, or of device, moment, content'),
  column('device_id', 'string', 'Device'),
  column('timestamp_ms', 'bigint', 'When it happened, milliseconds since 1970'),
  column('event_date', 'string', 'UTC date of that moment, yyyy-MM-dd'),
  column('heart_rate', 'double', 'Beats per minute', optional),
  column('steps', 'bigint', 'As the device counts: since its last reading, or in all', optional),
  column('state', 'string', 'As it was sent', optional),
  column('asleep', 'boolean', 'What the state means', optional),
  column('sequence', 'bigint', 'Number that the device gave it', optional),
  column('extra', 'string', 'Fields that nobody declared, as JSON', {
    ...optional,
    personal: true,
  }),
  column('received_at', 'string', 'When the server took it, ISO 8601', optional),
  column('kafka_partition', 'integer', 'Where it lay on the topic'),
  column('kafka_offset', 'bigint', 'Where it lay on the topic'),
];

const MEANINGS: Record<string, string> = {
  'not-an-object': 'the value is JSON, but no object',
  'missing-device': 'no device is named',
  'missing-time': 'there is neither a timestamp nor a date',
  'wrong-type': 'a field is not of its declared type',
  'out-of-range': 'a field is beyond its limits',
  'conflicting-fields': 'a field is given under both names, with two values',
  ...DOOR_REASONS,
};

const REASONS = [
  ...Object.entries(MEANINGS).map(([name, meaning]) => reason('quarantined', name, meaning)),
  reason('dropped', DUPLICATE, 'the table has the event already'),
  reason('dropped', WITHDRAWN, 'the person of the device was erased'),
];

export const deviceEventsTable = (dataset: string): TableDeclaration<RowsTransform> =>
  declareTable({
    dataset,
    name: EVENTS_TABLE,
    zone: 'landing',
    comment: 'Events of devices, each once',
    columns: EVENT_COLUMNS,
    key: ['event_date', 'event_id'],
    partitions: ['event_date'],
    orderBy: ['device_id', 'timestamp_ms', 'event_id'],
    inputs: [],
    transform: { type: 'rows', recipe: 1 },
    checks: [],
    reasons: REASONS,
  });

export const utcDate = (timestampMs: number): string =>
  new Date(timestampMs).toISOString().slice(0, 10);

export interface EventOrigin {
  readonly receivedAt: string | null;
  readonly partition: number;
  readonly offset: number;
}

/** In the order of the columns. */
export const eventCells = (event: DeviceEvent, { receivedAt, ...at }: EventOrigin): Cell[] => [
  event.eventId,
  event.deviceId,
  event.timestampMs,
  utcDate(event.timestampMs),
  event.heartRate,
  event.steps,
  event.state,
  event.asleep,
  event.sequence,
  event.extra === null ? null : JSON.stringify(event.extra),
  receivedAt,
  at.partition,
  at.offset,
];
