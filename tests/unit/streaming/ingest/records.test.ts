/** Whatever bytes come, they are cut into records, or refused with a reason. */
import fc from 'fast-check';
import { isWatchlakeError } from '../../../../core/errors';
import { admit } from '../../../../streaming/ingest/admission';
import { DEFAULT_LIMITS } from '../../../../streaming/ingest/limits';
import { recordsOf, type Records } from '../../../../streaming/ingest/records';

const limits = {
  ...DEFAULT_LIMITS,
  ...{ recordBytes: 500, recordsPerRequest: 50, containersPerRequest: 120 },
};
const rules = { deviceId: null, nowMs: Date.now(), clockAheadMs: 0 };

const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ maxLength: 300, unit: 'binary' }).map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.from(text)),
  fc.array(fc.json(), { maxLength: 60 }).map((texts) => Buffer.from(texts.join('\n'))),
  fc
    .array(fc.constantFrom(...'[]{}",:\\\n 1'), { maxLength: 200 })
    .map((parts) => Buffer.from(parts.join(''))),
);
const types = fc.constantFrom('application/json', 'application/x-ndjson', 'text/plain', undefined);

function cut(body: Buffer, type: string | undefined): Records | string {
  try {
    return recordsOf(body, type, limits);
  } catch (error) {
    if (isWatchlakeError(error)) return error.code;
    throw error;
  }
}

test('no body is a fault of ours', () => {
  fc.assert(
    fc.property(bodies, types, (body, type) => {
      const found = cut(body, type);
      if (typeof found === 'string')
        return expect(['BODY_EMPTY', 'TOO_MANY_RECORDS', 'TOO_MANY_PARTS']).toContain(found);
      if (found.single) expect(found.records).toHaveLength(1);
      for (const record of found.records) {
        const admission = admit(record, rules);
        if (!admission.admitted) expect(admission.code).toMatch(/^[a-z0-9-]+$/);
        if (record.ok) expect(record.text).not.toContain('\n');
      }
    }),
    { numRuns: 3000 },
  );
});

test('an array of too many elements is refused before it is parsed, which takes long', () => {
  // What is no JSON shows that nobody has parsed it.
  const array = (elements: number) => Buffer.from(`[${'{"a":[1,2]},'.repeat(elements)}`);
  expect(cut(array(49), 'application/json')).toMatchObject({ records: [{ code: 'not-json' }] });
  expect(cut(array(50), 'application/json')).toBe('TOO_MANY_RECORDS');
});

// What is no JSON shows that nobody has parsed it.
const nested = (unit: string, times: number) => `{"a":[${`${unit},`.repeat(times)}`;
const spread = (unit: string, end: string) => Array(4).fill(nested(unit, 30)).join(end);

test.each([
  ['arrays in an array', `[${nested('[]', 117)}`, `[${nested('[]', 118)}`],
  ['objects in an array', `[${nested('{"b":1}', 40)}`, `[${nested('{}', 119)}`],
  ['lines', spread('[]', '\n').slice(0, -30), spread('[]', '\n')],
  [
    'lines after a text that nobody closes',
    `"\\\n${nested('[]', 110)}`,
    `"\\\n${spread('[]', '\n"\n')}`,
  ],
  ['fields in a record', `[{${'"a":1,'.repeat(100)}`, `[{${'"a":1,'.repeat(101)}`],
])('%s are as many as may be, or none of them is parsed', (_what, few, many) => {
  expect(cut(Buffer.from(few), 'application/json')).not.toBe('TOO_MANY_PARTS');
  expect(cut(Buffer.from(many), 'application/json')).toBe('TOO_MANY_PARTS');
});

test('brackets and colons in texts are none', () => {
  const text = JSON.stringify('[{\\"":'.repeat(60));
  for (const body of [`[${text}]`, `${text}\n1`])
    expect(cut(Buffer.from(body), 'application/json')).not.toBe('TOO_MANY_PARTS');
});

test('values arrive the same, as lines or as an array', () => {
  const values = fc.array(
    fc.dictionary(fc.string({ maxLength: 9 }), fc.integer(), { maxKeys: 5 }),
    {
      ...{ minLength: 2, maxLength: 40 },
    },
  );
  const back = (found: Records) => found.records.map((record) => record.ok && record.value);
  fc.assert(
    fc.property(values, (all) => {
      const lines = Buffer.from(all.map((each) => JSON.stringify(each)).join('\n'));
      const array = Buffer.from(JSON.stringify(all, null, 1));
      expect(back(recordsOf(lines, 'application/json', limits))).toEqual(all);
      expect(back(recordsOf(array, 'application/json', limits))).toEqual(all);
    }),
  );
});
