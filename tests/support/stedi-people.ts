/** Sources of the format `stedi` about given people, with the traps that names and numbers set. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface StediPerson {
  readonly email: string;
  readonly name: string;
  readonly phone: string;
  readonly serial: string;
}

const STARTED_MS = 1_655_000_000_000;
const READINGS = 4;

const lines = (rows: readonly unknown[]): string =>
  rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n') + '\n';

const customer = ({ email, name, phone, serial }: StediPerson, at: number) => ({
  serialNumber: serial,
  shareWithResearchAsOfDate: STARTED_MS - 1000,
  registrationDate: STARTED_MS - 10_000 + at,
  lastUpdateDate: STARTED_MS - 1000,
  customerName: name,
  birthDay: '1990-01-01',
  email,
  phone,
});

/** Each person has readings of both kinds at moments of their own. */
export async function writeStedi(
  folder: string,
  people: readonly StediPerson[],
  /** Lines that are no rows, in the customers' file. */
  broken: readonly string[] = [],
): Promise<string> {
  const moments = people.flatMap((person, at) =>
    Array.from({ length: READINGS }, (_, n) => ({ person, at: STARTED_MS + at * 1000 + n * 50 })),
  );
  const files: Record<string, string> = {
    'customer/customer-1.json': lines([...people.map(customer), ...broken]),
    'accelerometer/accelerometer-1.json': lines(
      moments.map(({ person, at }, n) => ({
        user: n % 2 === 0 ? person.email : person.email.toUpperCase(),
        timestamp: at,
        ...{ x: 0.1, y: 0.2, z: -0.3 },
      })),
    ),
    'step_trainer/step-1.json': lines(
      moments.map(({ person, at }) => ({
        sensorReadingTime: at,
        serialNumber: person.serial,
        distanceFromObject: 210,
      })),
    ),
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}
