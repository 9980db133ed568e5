/** How many rows each table must have and why others have none: worked out person by person, without SQL. */
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

export function count(counts: Counts, reason: string, n = 1): void {
  if (n > 0) counts[reason] = (counts[reason] ?? 0) + n;
}

const spelling = (text: string): string => text.trim().toLowerCase();
const isEmail = (email: string): boolean => email.indexOf('@') > 0;

/** The row that counts: of two written in order, the later one. */
const lastRow = ({ rows }: Person): CustomerRow | undefined => rows.at(-1);

/** From when on the person's data may be used; undefined: never. */
function usableFrom(person: Person, { consent }: Rules): number | undefined {
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

/** How many of the device's moments are moments of the person's used readings as well. */
function agreement(
  person: Person,
  used: Owned<AccelerometerReading>,
  deviceMoments: readonly number[],
): number {
  const own = new Set(
    used.filter((each) => each.person === person).map((each) => each.reading.atMs),
  );
  return new Set(deviceMoments.filter((moment) => own.has(moment))).size;
}

/** Whose the devices are: those who are curated. */
function expectCurated(
  table: ExpectedTable,
  people: readonly Person[],
  used: Owned<AccelerometerReading>,
  rules: Rules,
): Person[] {
  const reading = new Set(used.map(({ person }) => person));
  const consenting = people.filter((person) => usableFrom(person, rules) !== undefined);
  // Whoever consents is a customer, also when the readings that count come too early.
  const customers = people.filter(
    (person) => usableFrom(person, { ...rules, consent: 'any' }) !== undefined,
  );
  count(table.dropped, 'no-readings', customers.length - reading.size);
  const claims = new Map<string, Person[]>();
  for (const person of consenting.filter((each) => reading.has(each))) {
    const others = claims.get(person.serialNumber) ?? [];
    claims.set(person.serialNumber, [...others, person]);
  }
  const owners = [...claims].map(([serialNumber, claimants]) => {
    count(table.dropped, 'shared-serial-number', claimants.length - 1);
    const device = people.filter((each) => each.serialNumber === serialNumber);
    const moments = device.flatMap(({ deviceMoments }) => deviceMoments);
    const ranked = claimants.map((person) => ({
      person,
      moments: claimants.length > 1 ? agreement(person, used, moments) : 0,
      registeredMs: (lastRow(person) as CustomerRow).registrationMs,
    }));
    ranked.sort((a, b) => b.moments - a.moments || a.registeredMs - b.registeredMs);
    return (ranked[0] as { person: Person }).person;
  });
  table.rows += owners.length;
  return owners;
}

function expectSteps(
  table: ExpectedTable,
  steps: readonly StepReading[],
  owners: readonly Person[],
  rules: Rules,
): Owned<StepReading> {
  const ownerOf = new Map(owners.map((person) => [person.serialNumber, person]));
  return steps.flatMap((reading) => {
    const person = ownerOf.get(spelling(reading.serialNumber));
    if (person === undefined) count(table.dropped, 'no-curated-customer');
    else if (reading.atMs < (usableFrom(person, rules) as number)) {
      count(table.dropped, 'before-consent');
    } else if (reading.distance < 0) count(table.quarantined, 'out-of-range');
    else {
      table.rows += 1;
      if (reading.serialNumber !== spelling(reading.serialNumber)) {
        count(table.noted, 'serial-number-respelled');
      }
      return [{ person, reading }];
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
  for (const rules of RULES) {
    const table = tables[rulesName(rules)] as Tables;
    expectCustomers(table.customer_trusted, people);
    const used = expectAccelerometer(table.accelerometer_trusted, owned, rules);
    const owners = expectCurated(table.customer_curated, people, used, rules);
    const read = expectSteps(table.step_trainer_trusted, steps, owners, rules);
    expectPairs(table.machine_learning_curated, read, used, rules);
  }
}
