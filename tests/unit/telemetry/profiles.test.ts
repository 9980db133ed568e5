/** Profiles are read whole or not at all, and every wrong row is named at once. */
import { isWatchlakeError } from '../../../core/errors';
import { checkedProfiles, parseProfiles } from '../../../telemetry/profiles';

const ANN = { user_id: 'ann', device_id: 'w-1' };
const BOB = { user_id: 'bob', device_id: 'w-2' };

function problemsOf(raw: unknown): string {
  try {
    checkedProfiles(raw);
  } catch (error) {
    if (isWatchlakeError(error) && error.code === 'PROFILES_INVALID') return error.message;
    throw error;
  }
  throw new Error('they were taken');
}

test('one problem is told as one', () => {
  expect(problemsOf([{ ...ANN, age: -1 }])).toMatch(/^The profiles have 1 problem:\n/);
  expect(
    problemsOf([
      { ...ANN, age: -1 },
      { ...BOB, age: -1 },
    ]),
  ).toContain('have 2 problems:');
});

test('what is not said has a usual value', () => {
  expect(checkedProfiles([ANN])).toEqual([
    {
      userId: 'ann',
      deviceId: 'w-1',
      userEmail: null,
      gender: null,
      age: null,
      timeZone: 'UTC',
      stepCounter: 'interval',
      unsaid: ['userEmail', 'gender', 'age', 'timeZone', 'stepCounter'],
    },
  ]);
});

test('all fields are read, and a number may name a person', () => {
  const row = {
    ...{ user_id: 7, device_id: 'w-7', user_email: 'seven@example.org', gender: 'f', age: 41 },
    ...{ time_zone: 'europe/berlin', step_counter: 'cumulative' },
  };
  expect(parseProfiles(`\ufeff${JSON.stringify([row])}`)).toEqual([
    {
      ...{ userId: '7', deviceId: 'w-7', userEmail: 'seven@example.org', gender: 'f', age: 41 },
      ...{ timeZone: 'Europe/Berlin', stepCounter: 'cumulative' },
    },
  ]);
});

test('what one row says of a person holds for the person’s other devices', () => {
  const second = { ...ANN, device_id: 'w-9', time_zone: 'Asia/Tokyo', age: 30 };
  expect(checkedProfiles([ANN, second, BOB])).toMatchObject([
    { timeZone: 'Asia/Tokyo', age: 30 },
    { timeZone: 'Asia/Tokyo', age: 30 },
    { timeZone: 'UTC', age: null },
  ]);
});

test.each([
  [{ ...ANN, user_id: undefined }, 'row 1, user_id: expected a text or a whole number'],
  [{ ...ANN, user_id: '' }, 'row 1, user_id: '],
  [{ ...ANN, user_id: 1.5 }, 'row 1, user_id: '],
  [{ ...ANN, user_id: 'a\0b' }, 'row 1, user_id: expected characters that a database keeps'],
  [{ ...ANN, gender: '\ud800' }, 'row 1, gender: expected characters that a database keeps'],
  [{ ...ANN, device_id: 4 }, 'row 1, device_id: '],
  [{ ...ANN, device_id: ' w' }, 'row 1, device_id: expected 1 to 128 printable characters'],
  [{ ...ANN, user_email: 'nobody' }, 'row 1, user_email: expected an e-mail address'],
  [{ ...ANN, age: -1 }, 'row 1, age: '],
  [{ ...ANN, age: '30' }, 'row 1, age: '],
  [{ ...ANN, time_zone: 'Berlin' }, 'row 1, time_zone: expected an IANA time zone'],
  [{ ...ANN, time_zone: '+02:00' }, 'row 1, time_zone: '],
  [{ ...ANN, step_counter: 'total' }, 'row 1, step_counter: '],
  [{ ...ANN, timezone: 'UTC' }, 'row 1: Unrecognized key: "timezone"'],
  [null, 'row 1: '],
  [[], 'row 1: '],
])('%j is refused', (row, problem) => {
  expect(problemsOf([BOB, row])).toContain(problem);
});

test('a device of two people, and a person of two time zones, are refused by their rows', () => {
  const raw = [
    { ...ANN, time_zone: 'UTC' },
    BOB,
    { ...BOB, device_id: 'w-1' },
    { ...ANN, device_id: 'w-3', time_zone: 'Asia/Tokyo' },
    { ...BOB },
  ];
  const problems = problemsOf(raw);
  expect(problems).toContain('3 problems');
  expect(problems).toContain('rows 0 and 2, device_id: the device belongs to several people');
  expect(problems).toContain('rows 1 and 4, device_id: the device is there more than once');
  expect(problems).toContain('rows 0 and 3, time_zone: one person has one');
});

test('all problems are named at once, without the values', () => {
  const problems = problemsOf([
    { ...ANN, age: 4000 },
    { ...BOB, user_email: 'secret-nickname', time_zone: 'secret-place' },
  ]);
  expect(problems).toContain('row 0, age');
  expect(problems).toContain('row 1, user_email');
  expect(problems).toContain('row 1, time_zone');
  expect(problems).not.toContain('secret');
});

test('of very many problems the first are named and the others counted', () => {
  const problems = problemsOf(Array.from({ length: 80 }, () => ({})));
  expect(problems).toContain('160 problems');
  expect(problems).toContain('and 110 more');
});

test.each(['', '{', '{"user_id":1}', 'null'])('%j is refused as a whole', (text) => {
  expect(() => parseProfiles(text)).toThrow('the whole');
});

test('nobody at all is fine', () => {
  expect(parseProfiles('[]')).toEqual([]);
});
