/** How the sources write their rows, and how they spoil them. */
import type { Random } from '../../../core/random';
import type { SourceName } from '../fields';
import type { CustomerRow, Person } from './people';
import { birthDay } from './people';
import type { AccelerometerReading, StepReading } from './readings';

const decimal = (value: number): string => value.toFixed(1);

export function customerLine(random: Random, { name }: Person, row: CustomerRow): string {
  const { email, serialNumber, registrationMs, updateMs, consentMs } = row;
  return JSON.stringify({
    customerName: name,
    email,
    phone: '8015551212',
    birthDay: birthDay(random),
    serialNumber,
    registrationDate: registrationMs,
    lastUpdateDate: updateMs,
    ...(consentMs === undefined ? {} : { shareWithResearchAsOfDate: consentMs }),
    ...(random() < 0.5 ? { shareWithPublicAsOfDate: updateMs } : {}),
    ...(random() < 0.5 ? { shareWithFriendsAsOfDate: updateMs } : {}),
  });
}

export const accelerometerLine = ({ user, atMs, axes: [x, y, z] }: AccelerometerReading): string =>
  `{"user":${JSON.stringify(user)},"timestamp":${atMs},"x":${decimal(x)},"y":${decimal(y)},"z":${decimal(z)}}`;

export const stepLine = ({ serialNumber, atMs, distance }: StepReading): string =>
  `{"sensorReadingTime":${atMs},"serialNumber":${JSON.stringify(serialNumber)},"distanceFromObject":${distance}}`;

/** Null: a blank line, which is no row at all. */
export type Fault =
  | 'json-malformed'
  | 'not-an-object'
  | 'not-utf-8'
  | 'field-missing'
  | 'wrong-type'
  | 'epoch-in-seconds'
  | 'epoch-out-of-range'
  | null;

export interface SpoiltLine {
  readonly fault: Fault;
  readonly line: string | Buffer;
}

type Spoil = (random: Random) => SpoiltLine;

const MOMENT_MS = 1_655_564_444_103;

const GOOD: Record<SourceName, Record<string, unknown>> = {
  customer: {
    customerName: 'Nobody Known',
    email: 'nobody@example.com',
    serialNumber: '00000000-0000-4000-a000-000000000000',
    registrationDate: MOMENT_MS,
    lastUpdateDate: MOMENT_MS,
    shareWithResearchAsOfDate: MOMENT_MS,
  },
  accelerometer: { user: 'nobody@example.com', timestamp: MOMENT_MS, x: 0, y: 1, z: -1 },
  step_trainer: {
    sensorReadingTime: MOMENT_MS,
    serialNumber: '00000000-0000-4000-a000-000000000000',
    distanceFromObject: 250,
  },
};

const FIELDS: Record<SourceName, { epoch: string; text: string; other: string }> = {
  customer: { epoch: 'registrationDate', text: 'email', other: 'serialNumber' },
  accelerometer: { epoch: 'timestamp', text: 'user', other: 'x' },
  step_trainer: { epoch: 'sensorReadingTime', text: 'serialNumber', other: 'distanceFromObject' },
};

/** Every way in which a line can fail to be a row of the source. */
export function spoilersOf(source: SourceName): Spoil[] {
  const good = GOOD[source];
  const { epoch, text, other } = FIELDS[source];
  const whole = JSON.stringify(good);
  const without = (name: string) =>
    JSON.stringify(Object.fromEntries(Object.entries(good).filter(([field]) => field !== name)));
  const changed = (name: string, value: unknown) => JSON.stringify({ ...good, [name]: value });
  const always =
    (fault: Fault, line: string | Buffer): Spoil =>
    () => ({ fault, line });
  return [
    (random) => ({
      fault: 'json-malformed',
      line: whole.slice(0, 1 + Math.floor(random() * (whole.length - 2))),
    }),
    always('json-malformed', `${whole},`),
    always('not-an-object', JSON.stringify(Object.values(good))),
    always('not-an-object', '42'),
    always('not-utf-8', Buffer.from(whole.replace(/nobody|0000/, 'nob\xffdy'), 'latin1')),
    always('field-missing', without(text)),
    always('field-missing', changed(other, null)),
    always('field-missing', changed(text, '  ')),
    always('wrong-type', changed(text, 17)),
    always('wrong-type', changed(other, source === 'customer' ? 17 : '0.5')),
    always('wrong-type', changed(epoch, String(MOMENT_MS))),
    always('wrong-type', changed(epoch, MOMENT_MS + 0.5)),
    always('epoch-in-seconds', changed(epoch, Math.floor(MOMENT_MS / 1000))),
    always('epoch-out-of-range', changed(epoch, -MOMENT_MS)),
    always('epoch-out-of-range', changed(epoch, MOMENT_MS * 1000)),
    always(null, '   '),
  ];
}
