/** Makes small sources of the format `stedi`: a few people, their readings, and lines that are wrong. */
import type { Files } from './recordings';

export const DAY = 1_655_500_000_000;

export interface MadePerson {
  readonly name: string;
  readonly serial?: string;
  readonly registered?: number;
  readonly updated?: number;
  /** Null: no consent. */
  readonly consented?: number | null;
}

export const emailOf = (name: string): string => `${name}@example.org`;

export const customerLine = ({
  name,
  serial = `serial-${name}`,
  registered = DAY,
  updated = registered,
  consented = registered,
}: MadePerson): string =>
  JSON.stringify({
    ...{ customerName: name, email: emailOf(name), phone: '1', birthDay: '987-01-01' },
    ...{ serialNumber: serial, registrationDate: registered, lastUpdateDate: updated },
    ...(consented === null ? {} : { shareWithResearchAsOfDate: consented }),
  });

export const accelerometerLine = (name: string, timestamp: number, x = 0.5): string =>
  JSON.stringify({ user: emailOf(name), timestamp, x, y: 0, z: -1 });

export const stepLine = (serial: string, sensorReadingTime: number, distance = 250): string =>
  JSON.stringify({ sensorReadingTime, serialNumber: serial, distanceFromObject: distance });

export interface MadeSource {
  readonly customers?: readonly string[];
  readonly accelerometer?: readonly string[];
  readonly steps?: readonly string[];
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

export const stediFiles = ({ customers, accelerometer, steps }: MadeSource): Files => ({
  ...(customers === undefined ? {} : { 'customer/customer-1.json': text(customers) }),
  ...(accelerometer === undefined
    ? {}
    : { 'accelerometer/accelerometer-1.json': text(accelerometer) }),
  ...(steps === undefined ? {} : { 'step_trainer/step_trainer-1.json': text(steps) }),
});

/** Ann and Ben share their data, Cid does not; each has two readings of either sensor. */
export const threePeople = (): MadeSource & {
  readonly customers: string[];
  readonly accelerometer: string[];
  readonly steps: string[];
} => {
  const moments = [DAY + 1, DAY + 2];
  const names = ['ann', 'ben', 'cid'];
  return {
    customers: [
      customerLine({ name: 'ann' }),
      customerLine({ name: 'ben' }),
      customerLine({ name: 'cid', consented: null }),
    ],
    accelerometer: names.flatMap((name) => moments.map((at) => accelerometerLine(name, at))),
    steps: names.flatMap((name) => moments.map((at) => stepLine(`serial-${name}`, at))),
  };
};
