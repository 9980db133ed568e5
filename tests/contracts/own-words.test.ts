/** What the database writes by itself is no trace of a person who is called the same: the search knows all such words. */
import { erasingOf } from '../../activities/erasing-of';
import { createConsent, type Consent } from '../../consent/consent';
import { VOCABULARY } from '../../consent/own-words';
import { SCHEMAS } from '../../consent/search';
import { createDeviceTables } from '../../devices/devices';
import { needlesOf, type Person } from '../../lakehouse/erasure/person';
import { CHAMPION } from '../../registry/aliases';
import { createRegistry } from '../../registry/registry';
import { createTestDatabase, type TestDatabase } from '../support/database';
import {
  archiveFiles,
  ingestInto,
  newLake,
  temporaryFolder,
  writeZip,
} from '../support/recordings';

const folder = temporaryFolder();
let database: TestDatabase;
let consent: Consent;

/** Columns of text, in whichever table, that hold names, ids, hashes, documents, or what people write. */
const OPEN = new Set([
  ...['dataset', 'model', 'campaign', 'device', 'device_id', 'device_ids', 'user_id', 'user_email'],
  ...['subject', 'subject_key', 'annotator', 'gender', 'time_zone', 'label', 'classes', 'channels'],
  ...[
    'window_id',
    'token_id',
    'batch',
    'feature_schema',
    'key',
    'content',
    'holdout',
    'run',
    'lake',
  ],
  ...['actor', 'holder', 'artefact_uri', 'card', 'evidence', 'parts'],
]);
/** Those in which words of ours stand beside what others write. */
const MIXED = ['registry.alias_moves.reason', 'registry.leases.name'];

const CARD = {
  ...{ formatVersion: 1 as const, codeVersion: '1', seed: 0, classes: ['a', 'b'] },
  ...{ featureSchema: 'abc', calibration: { temperature: 1 } },
  data: { dataset: 'd', snapshots: {}, windows: 1, subjects: ['k1'] },
  evaluation: { scheme: 'leave-one-subject-out', accuracy: 0.8, macroF1: 0.75 },
};

beforeAll(async () => {
  database = await createTestDatabase();
  consent = createConsent(database.pool, 'secret');
  const registry = createRegistry(database.pool);
  for (const key of ['k1', 'k2'])
    await registry.registerVersion({ model: 'm', key, artefactUri: 'a', card: CARD });
  const move = { model: 'm', alias: CHAMPION, from: null, to: '1', outcome: 'promote' };
  await registry.moveAlias({ ...move, reason: 'first-version', actor: 'a', run: 'retrain/m#1' });
  await registry.recordVerdict({
    ...{ model: 'm', run: 'retrain/m#2', champion: '1', challenger: '2', outcome: 'reject' },
    ...{ reason: 'withdrawn-subject', explanation: 'The challenger learned from 1 person.' },
  });
  await consent.recordGrant({ dataset: 'd', subject: '0123456789abcdef' });
  await createDeviceTables(database.pool).importProfiles([
    {
      ...{ userId: 'u', deviceId: 'w', userEmail: null, gender: null, age: null },
      ...{ timeZone: 'UTC', stepCounter: 'cumulative' as const },
    },
  ]);
  await database.pool.query(`INSERT INTO annotation.campaigns (campaign, dataset, model, classes,
    channels, target) VALUES ('c', 'd', 'm', '{a}', '[]', 1)`);
  await database.pool.query(`INSERT INTO annotation.tasks (campaign, window_id, device, subject_key,
      start_ms, end_ms, kind, version, classes, probabilities, margin, feature_schema, features,
      channels, timestamps_ms, sample_values, status, lease)
    VALUES ('c', 'w', 'd', 's', 0, 1, 'uncertain', 1, '{a}', '{1}', 0, 'f', '', '{x}', '', '',
      'answered', gen_random_uuid())`);
});
afterAll(() => database?.drop());

test.each([
  ...['champion', 'promote', 'first-version', 'retrain', 'withdrawn-subject', 'challenger'],
  ...['learned', 'research', 'cumulative', 'uncertain', 'answered', 'annotation', 'subject'],
  ...['leave-one-subject-out'],
])('somebody called %s is found in none of them', async (name) => {
  const lake = newLake(folder.path());
  const archive = archiveFiles([{ recording: 'r1' }, { recording: 'r2', subject: name }]);
  await ingestInto(lake, { source: await writeZip(folder.path(), archive) });
  const deps = { lake, consent, devices: createDeviceTables(database.pool) };
  const erasing = await erasingOf(deps, 'watch');
  const known = { dataset: 'watch', identifier: name, subjectKey: 'f'.repeat(16) };
  const { person } = await erasing.findPerson(lake, known);
  const before: Person = { ...person, ...needlesOf({ own: [name], others: [] }) };
  expect((await consent.searchRows(before)).found).not.toEqual([]);
  expect((await consent.searchRows(person)).found).toEqual([]);
});

// A new column of text has to be one of these: a check tells its words, or the vocabulary does, or it has none of its own.
test('of every column of text it is known whose words it holds', async () => {
  const { rows } = await database.pool.query<{ name: string; checked: boolean }>(
    `SELECT format('%s.%s.%s', schema.nspname, t.relname, a.attname) AS name,
       EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conrelid = t.oid AND c.contype = 'c'
         AND a.attnum = ANY(c.conkey) AND pg_get_constraintdef(c.oid) LIKE '%ARRAY[%') AS checked
     FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
       JOIN pg_namespace schema ON schema.oid = t.relnamespace
       JOIN pg_type type ON type.oid = a.atttypid
     WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition AND schema.nspname = ANY($1)
       AND a.attnum > 0 AND NOT a.attisdropped
       AND type.typname IN ('text', 'varchar', 'bpchar', 'name', 'json', 'jsonb', '_text') ORDER BY 1`,
    [SCHEMAS],
  );
  const known = new Set(
    Object.entries(VOCABULARY).flatMap(([table, columns]) =>
      columns.map((each) => `${table}.${each}`),
    ),
  );
  const isKnown = (name: string) => known.has(name) || OPEN.has(name.split('.').at(-1) ?? '');
  const left = rows.filter(({ name, checked }) => !checked && !isKnown(name));
  expect(left.map(({ name }) => name)).toEqual(MIXED);
});
