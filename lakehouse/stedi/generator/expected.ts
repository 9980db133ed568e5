/** How many rows each table must have and why others have none: worked out person by person, without SQL. */
import { count } from '../../counts';
import type { SourceName } from '../fields';
import type { StediOptions } from '../options';
import { ASSOCIATIONS, CONSENT_RULES } from '../options';
import type { CustomerRow, Person } from './people';
import type { AccelerometerReading, Readings, StepReading } from './readings';

export type Counts = Record<string, number>;

export interface ExpectedTable {
  rows: number;
  quarantined: Counts;
  dropped: Counts;
  noted: Counts;
}

export const TRUSTED_AND_CURATED = [
  'customer_trusted',
  'accelerometer_trusted',
  'customer_curated',
  'step_trainer_trusted',
  'machine_learning_curated',
] as const;
type TableName = (typeof TRUSTED_AND_CURATED)[number];
type Tables = Record<TableName, ExpectedTable>;
type Rules = Pick<StediOptions, 'consent' | 'association'>;

export interface Expected {
  readonly landing: Record<SourceName, { rows: number; quarantined: Counts }>;
  /** By options, as in `from-date, person`. */
  readonly tables: Record<string, Tables>;
}

const RULES: readonly Rules[] = CONSENT_RULES.flatMap((consent) =>
  ASSOCIATIONS.map((association) => ({ consent, association })),
);

export const rulesName = ({ consent, association }: Rules): string => `${consent}, ${association}`;

const emptyTable = (): ExpectedTable => ({ rows: 0, quarantined: {}, dropped: {}, noted: {} });
const emptyTables = (): Tables =>
  Object.fromEntries(TRUSTED_AND_CURATED.map((name) => [name, emptyTable()])) as Tables;
const emptyLanding = () => ({ rows: 0, quarantined: {} });

export const nothingExpected = (): Expected => ({
  landing: {
    customer: emptyLanding(),
    accelerometer: emptyLanding(),
    step_trainer: emptyLanding(),
  },
  tables: Object.fromEntries(RULES.map((rules) => [rulesName(rules), emptyTables()])),
});

const spelling = (text: string): string => text.trim().toLowerCase();
const isEmail = (email: string): boolean => email.indexOf('@') > 0;

/** The row that counts: of two written in order, the later one. */
const lastRow = ({ rows }: Person): CustomerRow | undefined => rows.at(-1);

/** From when on the person's data may be used; undefined: never. */
function usableFrom(person: Person, { consent }: Pick<Rules, 'consent'>): number | undefined {
  const row = lastRow(person);
  if (row?.consentMs === undefined || !isEmail(row.email)) return undefined;
  return consent === 'any' ? -Infinity : row.consentMs;
}

function expectCustomers(table: ExpectedTable, people: readonly Person[]): void {
  for (const person of people) {
    const row = lastRow(person);
    if (row === undefined) continue;
    count(table.dropped, 'same-person-again', person.rows.length - 1);
    if (row.consentMs === undefined) count(table.dropped, 'no-consent');
    else if (!isEmail(row.email)) count(table.quarantined, 'email-malformed');
    else {
      table.rows += 1;
      if (row.serialNumber !== row.serialNumber.toLowerCase()) {
        count(table.noted, 'serial-number-respelled');
      }
    }
  }
}

type Owned<R> = readonly { readonly person: Person; readonly reading: R }[];

/** Of the spellings that the person's rows have, the first in the order of letters is theirs. */
const spellingOf = ({ rows }: Person): string => rows.map(({ email }) => email).sort()[0] as string;

/** The readings that are used, with their people. */
function expectAccelerometer(
  table: ExpectedTable,
  owned: Owned<AccelerometerReading>,
  rules: Rules,
): Owned<AccelerometerReading> {
  return owned.filter(({ person, reading }) => {
    const from = usableFrom(person, rules);
    if (person.rows.length === 0) count(table.dropped, 'unknown-person');
    else if (!isEmail((lastRow(person) as CustomerRow).email))
      count(table.dropped, 'person-quarantined');
    else if (from === undefined) count(table.dropped, 'no-consent');
    else if (reading.atMs < from) count(table.dropped, 'before-consent');
    else if (reading.axes.some((value) => Math.abs(value) > 16)) {
      count(table.quarantined, 'out-of-range');
    } else {
      table.rows += 1;
      if (reading.user !== spellingOf(person)) count(table.noted, 'email-respelled');
      return true;
    }
    return false;
  });
}

/** Whose each device is: of all who claim it theirs whose phone was read with it most often. */
function ownersOf(
  people: readonly Person[],
  accelerometer: Owned<AccelerometerReading>,
): Map<string, Person> {
  const read = new Map(people.map((person) => [person, new Set<number>()]));
  for (const { person, reading } of accelerometer) read.get(person)?.add(reading.atMs);
  const claims = new Map<string, Person[]>();
  for (const person of people.filter(({ rows }) => rows.length > 0)) {
    claims.set(person.serialNumber, [...(claims.get(person.serialNumber) ?? []), person]);
  }
  const owners = [...claims].map(([serialNumber, claimants]): [string, Person] => {
    const device = people.filter((each) => each.serialNumber === serialNumber);
    const moments = new Set(device.flatMap(({ deviceMoments }) => deviceMoments));
    const ranked = claimants.map((person) => ({
      person,
      moments: [...(read.get(person) ?? [])].filter((moment) => moments.has(moment)).length,
      registeredMs: (lastRow(person) as CustomerRow).registrationMs,
    }));
    ranked.sort((a, b) => b.moments - a.moments || a.registeredMs - b.registeredMs);
    return [serialNumber, (ranked[0] as { person: Person }).person];
  });
  return new Map(owners);
}

/** Those whose device is theirs. */
function expectCurated(
  table: ExpectedTable,
  people: readonly Person[],
  used: Owned<AccelerometerReading>,
  owners: ReadonlyMap<string, Person>,
): Person[] {
  const reading = new Set(used.map(({ person }) => person));
  // Whoever consents is a customer, also when the readings that count come too early.
  const customers = people.filter((person) => usableFrom(person, { consent: 'any' }) !== undefined);
  count(table.dropped, 'no-readings', customers.length - reading.size);
  const curated = [...reading].filter((person) => owners.get(person.serialNumber) === person);
  count(table.dropped, 'shared-serial-number', reading.size - curated.length);
  table.rows += curated.length;
  return curated;
}

/** What becomes of a reading that may be used, and has not come before. */
function expectStep(table: ExpectedTable, { serialNumber, distance }: StepReading): boolean {
  if (distance < 0) {
    count(table.quarantined, 'out-of-range');
    return false;
  }
  table.rows += 1;
  if (serialNumber !== spelling(serialNumber)) count(table.noted, 'serial-number-respelled');
  return true;
}

function expectSteps(
  table: ExpectedTable,
  steps: readonly StepReading[],
  curated: readonly Person[],
  rules: Rules,
): Owned<StepReading> {
  const ownerOf = new Map(curated.map((person) => [person.serialNumber, person]));
  const known = new Set<string>();
  return steps.flatMap((reading) => {
    const device = spelling(reading.serialNumber);
    const person = ownerOf.get(device);
    const name = [device, reading.atMs, reading.distance].join();
    if (person === undefined) count(table.dropped, 'no-curated-customer');
    else if (reading.atMs < (usableFrom(person, rules) as number)) {
      count(table.dropped, 'before-consent');
    } else if (known.has(name)) count(table.dropped, 'same-reading-again');
    else {
      known.add(name);
      if (expectStep(table, reading)) return [{ person, reading }];
    }
    return [];
  });
}

function expectPairs(
  table: ExpectedTable,
  steps: Owned<StepReading>,
  used: Owned<AccelerometerReading>,
  { association }: Rules,
): void {
  const byMoment = new Map<number, Person[]>();
  for (const { person, reading } of used) {
    const present = byMoment.get(reading.atMs);
    if (present === undefined) byMoment.set(reading.atMs, [person]);
    else present.push(person);
  }
  for (const { person, reading } of steps) {
    const there = byMoment.get(reading.atMs) ?? [];
    const met = association === 'timestamp' ? there : there.filter((each) => each === person);
    if (met.length === 0) count(table.dropped, 'no-accelerometer-reading');
    table.rows += met.length;
  }
}

/** Adds what a group of people gives; nobody of another group changes it. */
export function expectGroup(
  { landing, tables }: Expected,
  people: readonly Person[],
  { accelerometer, steps }: Readings,
): void {
  landing.customer.rows += people.reduce((sum, { rows }) => sum + rows.length, 0);
  landing.accelerometer.rows += accelerometer.length;
  landing.step_trainer.rows += steps.length;
  const byEmail = new Map(people.map((person) => [spelling(person.email), person]));
  const owned = accelerometer.map((reading) => ({
    person: byEmail.get(spelling(reading.user)) as Person,
    reading,
  }));
  const owners = ownersOf(people, owned);
  for (const rules of RULES) {
    const table = tables[rulesName(rules)] as Tables;
    expectCustomers(table.customer_trusted, people);
    const used = expectAccelerometer(table.accelerometer_trusted, owned, rules);
    const curated = expectCurated(table.customer_curated, people, used, owners);
    const read = expectSteps(table.step_trainer_trusted, steps, curated, rules);
    expectPairs(table.machine_learning_curated, read, used, rules);
  }
}
