/** Reads the profiles: who wears which device, and what the person's day is. */
import { z } from 'zod';
import { WatchlakeError } from '../core/errors';
import { timeZoneNamed } from './calendar';
import { DEVICE_ID_FORM, isDeviceId } from './fields';
import { STEP_COUNTERS, type GivenProfile } from './profile';

const MAXIMUM_AGE = 130;
const MAXIMUM_TEXT = 320;

// No database keeps NUL, and none tells halves of surrogate pairs apart.
const UNKEPT = /[\0\p{Cs}]/u;
const text = z
  .string()
  .min(1)
  .max(MAXIMUM_TEXT)
  .refine((each) => !UNKEPT.test(each), { error: 'expected characters that a database keeps' });

const rowSchema = z.strictObject({
  user_id: z
    .union([text, z.int()], { error: 'expected a text or a whole number' })
    .transform(String),
  device_id: z.string().refine(isDeviceId, { error: `expected ${DEVICE_ID_FORM}` }),
  user_email: text.regex(/^[^\s@]+@[^\s@]+$/, { error: 'expected an e-mail address' }).nullish(),
  gender: text.nullish(),
  age: z.int().min(0).max(MAXIMUM_AGE).nullish(),
  time_zone: z
    .string()
    .transform((name, context) => {
      const known = timeZoneNamed(name);
      if (known === undefined) {
        context.addIssue({
          code: 'custom',
          message: 'expected an IANA time zone, as Europe/Berlin',
        });
      }
      return known ?? z.NEVER;
    })
    .nullish(),
  step_counter: z.enum(STEP_COUNTERS).nullish(),
});

/** What has to be the same in all rows of one person, as far as it is given. */
const OF_THE_PERSON = ['user_email', 'gender', 'age', 'time_zone'] as const;

type Row = z.infer<typeof rowSchema>;

const NAMES = {
  user_email: 'userEmail',
  gender: 'gender',
  age: 'age',
  time_zone: 'timeZone',
} as const;

const rows = (at: readonly number[]): string => `rows ${at.join(' and ')}`;

function fieldProblems(parsed: readonly z.ZodSafeParseResult<Row>[]): string[] {
  return parsed.flatMap(({ error }, at) =>
    (error?.issues ?? []).map(({ path, message }) => {
      const field = path.length > 0 ? `, ${path.join('.')}` : '';
      return `row ${at}${field}: ${message}`;
    }),
  );
}

/** Row numbers by what the rows have in common. */
function rowsBy(
  known: readonly (Row | undefined)[],
  key: (row: Row) => string,
): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  known.forEach((row, at) => {
    if (row === undefined) return;
    const group = groups.get(key(row));
    if (group === undefined) groups.set(key(row), [at]);
    else group.push(at);
  });
  return groups;
}

function deviceProblems(known: readonly (Row | undefined)[]): string[] {
  return [...rowsBy(known, (row) => row.device_id).values()]
    .filter((same) => same.length > 1)
    .map((same) => {
      const people = new Set(same.map((at) => known[at]?.user_id));
      const what = people.size > 1 ? 'belongs to several people' : 'is there more than once';
      return `${rows(same)}, device_id: the device ${what}`;
    });
}

function personProblems(known: readonly (Row | undefined)[]): string[] {
  return [...rowsBy(known, (row) => row.user_id).values()].flatMap((same) =>
    OF_THE_PERSON.filter((field) => {
      const said = same.map((at) => known[at]?.[field] ?? null).filter((value) => value !== null);
      return new Set(said).size > 1;
    }).map((field) => `${rows(same)}, ${field}: one person has one`),
  );
}

const MAXIMUM_SHOWN = 50;

function refuse(problems: readonly string[]): never {
  const shown = problems.slice(0, MAXIMUM_SHOWN);
  const more = problems.length - shown.length;
  const detail = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('\n  ');
  throw new WatchlakeError('PROFILES_INVALID', { problems: problems.length, detail });
}

/** What one row says of the person holds for all of them. */
function ofThePerson(
  known: readonly Row[],
): (row: Row) => Pick<Row, (typeof OF_THE_PERSON)[number]> {
  const people = new Map<string, Pick<Row, (typeof OF_THE_PERSON)[number]>>();
  for (const row of known) {
    const { user_email, gender, age, time_zone } = people.get(row.user_id) ?? {};
    people.set(row.user_id, {
      user_email: user_email ?? row.user_email,
      gender: gender ?? row.gender,
      age: age ?? row.age,
      time_zone: time_zone ?? row.time_zone,
    });
  }
  return ({ user_id }) => people.get(user_id) ?? {};
}

/** What no row says of the person, and this one not of its device; a null says that there is none. */
function unsaidIn(known: readonly Row[]): (row: Row) => NonNullable<GivenProfile['unsaid']> {
  const said = new Map<string, Set<string>>();
  for (const row of known) {
    const fields = said.get(row.user_id) ?? new Set();
    said.set(row.user_id, fields);
    for (const field of OF_THE_PERSON) if (row[field] !== undefined) fields.add(field);
  }
  return ({ user_id, step_counter }) => [
    ...OF_THE_PERSON.filter((field) => !said.get(user_id)?.has(field)).map((field) => NAMES[field]),
    ...(step_counter === undefined ? (['stepCounter'] as const) : []),
  ];
}

/**
 * Profiles as `[{"user_id", "device_id", "user_email", "gender", "age", "time_zone", "step_counter"}]`, of which the first two are
 * required. Without more said or known, the time zone is UTC and steps count from one reading to the next. PROFILES_INVALID names every
 * wrong row, from 0, and field at once, without their values.
 */
export function checkedProfiles(raw: unknown): readonly GivenProfile[] {
  if (!Array.isArray(raw)) refuse(['the whole: expected an array of profiles']);
  const parsed = raw.map((row: unknown) => rowSchema.safeParse(row));
  const known = parsed.map(({ data }) => data);
  const problems = [...fieldProblems(parsed), ...deviceProblems(known), ...personProblems(known)];
  if (problems.length > 0) refuse(problems);
  const good = known.filter((row) => row !== undefined);
  const person = ofThePerson(good);
  const unsaidOf = unsaidIn(good);
  return good.map((row) => {
    const { user_email, gender, age, time_zone } = person(row);
    const unsaid = unsaidOf(row);
    return {
      ...{ userId: row.user_id, deviceId: row.device_id },
      ...{ userEmail: user_email ?? null, gender: gender ?? null, age: age ?? null },
      timeZone: time_zone ?? 'UTC',
      stepCounter: row.step_counter ?? 'interval',
      ...(unsaid.length > 0 && { unsaid }),
    };
  });
}

/** The same from the text of a JSON file. */
export function parseProfiles(text: string): readonly GivenProfile[] {
  let raw: unknown;
  try {
    raw = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    // The parser's own message quotes the text.
    refuse(['the whole: not JSON']);
  }
  return checkedProfiles(raw);
}
