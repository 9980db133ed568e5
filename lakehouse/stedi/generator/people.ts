/** Made-up people in groups: whatever ties people together stays within one group. */
import type { Random } from '../../../core/random';
import type { GeneratorOptions } from './options';

export interface CustomerRow {
  readonly email: string;
  readonly serialNumber: string;
  readonly registrationMs: number;
  readonly updateMs: number;
  readonly consentMs: number | undefined;
}

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly serialNumber: string;
  /** In the order in which they were written; the last one counts. None for strangers. */
  readonly rows: readonly CustomerRow[];
  /** When the phone is read, and when the device is. */
  readonly moments: number[];
  readonly deviceMoments: number[];
  readonly respells: boolean;
}

export const GROUP_SIZE = 16;

// 18 June 2022, as in the public data.
const FIRST_MS = 1_655_564_000_000;
// Longer than anybody's readings last: people share a moment only where they are made to.
const SLOT_MS = 120_000;
const LEAST_STEP_MS = 2033;
const MOST_STEP_MS = 3933;
const DAY_MS = 86_400_000;
// Moments at which the device was read, and the phone was not.
const MISSED_SHARE = 0.002;

const FIRST_NAMES = [
  'Ann',
  'Ben',
  'Craig',
  'Zoë',
  'José',
  'Łucja',
  "D'Arcy",
  '陽菜',
  'Søren',
  'Nil',
];
const LAST_NAMES = ['Abram', 'Clayton', 'Doshi', 'Hansen', 'Ünal', 'Wu', 'Fibonnaci', 'Staples'];

const within = (random: Random, from: number, to: number): number =>
  from + Math.floor(random() * (to - from + 1));

const pick = <T>(random: Random, from: readonly T[]): T =>
  from[Math.floor(random() * from.length)] as T;

function uuid(random: Random): string {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
  return [hex(8), hex(4), `4${hex(3)}`, `a${hex(3)}`, hex(12)].join('-');
}

interface Session {
  readonly startMs: number;
  readonly moments: number[];
  readonly registrationMs: number;
}

/** As in the public data: registered while the readings went on, or a little before them. */
function session(random: Random, at: number, count: number): Session {
  const startMs = FIRST_MS + at * SLOT_MS;
  const stepMs = within(random, LEAST_STEP_MS, MOST_STEP_MS);
  const moments = Array.from({ length: count }, (_, k) => startMs + k * stepMs);
  return { startMs, moments, registrationMs: startMs + within(random, -12_000, 42_000) };
}

function customerRows(
  random: Random,
  { email, serialNumber }: { email: string; serialNumber: string },
  { startMs, registrationMs }: Session,
  options: GeneratorOptions,
): CustomerRow[] {
  const consentOf = (updateMs: number): number | undefined => {
    if (random() >= options.consentShare) return undefined;
    return random() < options.lateConsentShare ? startMs + SLOT_MS : updateMs;
  };
  const row = (updateMs: number, spelling: string): CustomerRow => {
    const consentMs = consentOf(updateMs);
    const serial = random() < options.respelledShare ? serialNumber.toUpperCase() : serialNumber;
    return { email: spelling, serialNumber: serial, registrationMs, updateMs, consentMs };
  };
  const first = row(registrationMs, email);
  if (random() >= options.againShare) return [first];
  const again = row(registrationMs + within(random, 1, 60_000), email.toUpperCase());
  return [first, again];
}

function newPerson(random: Random, at: number, options: GeneratorOptions): Person {
  const name = `${pick(random, FIRST_NAMES)} ${pick(random, LAST_NAMES)}`;
  const host = random() < options.noEmailShare ? '' : '@example.com';
  const email = `${name.replaceAll(' ', '.')}.${at}${host}`;
  const serialNumber = uuid(random);
  const own = session(random, at, options.moments);
  const rows = customerRows(random, { email, serialNumber }, own, options);
  const isRead = random() >= options.withoutReadingsShare;
  // Now and then only one of the two was switched on.
  const only = random();
  return {
    name,
    email,
    serialNumber,
    rows,
    moments: isRead && only >= 0.01 ? own.moments.filter(() => random() >= MISSED_SHARE) : [],
    deviceMoments: isRead && only < 0.99 ? [...own.moments] : [],
    respells: random() < options.respelledShare,
  };
}

const stranger = (person: Person): Person => ({ ...person, rows: [] });

/** Some moments of one person become moments of the other as well: of phone and device. */
function coincide(random: Random, one: Person, other: Person): void {
  const count = within(random, 1, 3);
  for (let k = 0; k < count && k < one.moments.length; k += 1) {
    const moment = one.moments[k] as number;
    if (k < other.moments.length) other.moments[k] = moment;
    if (k < other.deviceMoments.length) other.deviceMoments[k] = moment;
  }
}

/** The others claim the owner's device; it is read at the owner's moments alone. */
function share(people: readonly Person[]): Person[] {
  const [owner, ...others] = people as [Person, ...Person[]];
  const claim = (person: Person): Person => ({
    ...person,
    serialNumber: owner.serialNumber,
    deviceMoments: [],
    rows: person.rows.map((row) => ({ ...row, serialNumber: owner.serialNumber })),
  });
  // The owner is not always the first of them to have registered.
  return [...others.slice(0, 1).map(claim), owner, ...others.slice(1).map(claim)];
}

export interface GroupRequest {
  /** Number of the group's first person among all, strangers included. */
  readonly from: number;
  /** Without the strangers. */
  readonly size: number;
  readonly sharedSerials: number;
}

/** People who have nothing to do with those of any other group. */
export function newGroup(
  random: Random,
  { from, size, sharedSerials }: GroupRequest,
  options: GeneratorOptions,
): Person[] {
  const made = Array.from({ length: size }, (_, k) => newPerson(random, from + k, options));
  const people: Person[] = [];
  for (let groups = 0; groups < sharedSerials; groups += 1) {
    people.push(...share(made.splice(0, within(random, 2, 4))));
  }
  people.push(...made);
  for (let k = 1; k < people.length; k += 1) {
    const [one, other] = [people[k - 1] as Person, people[k] as Person];
    if (random() < options.coincidingShare) coincide(random, one, other);
  }
  if (random() >= options.strangerShare * size) return people;
  return [...people, stranger(newPerson(random, from + size, options))];
}

export const birthDay = (random: Random): string =>
  random() < 0.5
    ? `${within(random, 900, 1899)}-01-01`
    : new Date(within(random, -20_000, 10_000) * DAY_MS).toISOString().slice(0, 10);
