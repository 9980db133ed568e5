/** What a run left that was terminated before it published: nobody takes it up who leaves out somebody else. */
import { rewriteEvents } from '../../../../lakehouse/devices/rewrite-events';
import { EVENTS_TABLE } from '../../../../lakehouse/devices/names';
import type { RewriteRequest } from '../../../../lakehouse/erasure/erasing-format';
import { rewriteModelTables } from '../../../../lakehouse/erasure/model-tables';
import type { Lake } from '../../../../lakehouse/lake';
import { query } from '../../../../lakehouse/query';
import { STEDI_ERASING } from '../../../../lakehouse/stedi/erasing';
import { replayQuarantine } from '../../../../lakehouse/stedi/replay';
import { subjectKey } from '../../../../lakehouse/stedi/subject-keys';
import { labelledWindowsTable } from '../../../../lakehouse/watch/model-tables';
import { FakeTopic, landAll } from '../../../support/device-events';
import { DAY, accelerometerLine, emailOf, stediFiles } from '../../../support/made-stedi';
import { publishNext } from '../../../support/publishing';
import { SECRET, keysOf, newLake, temporaryFolder, writeFolder } from '../../../support/recordings';
import { ingestStedi } from '../../../support/stedi';

const folder = temporaryFolder();
const DATASET = 'stedi';

type Run = (lake: Lake) => Promise<unknown>;

/** A run that is terminated before it publishes the table. */
async function terminated(run: Run, lake: Lake, table: string): Promise<void> {
  const publish: Lake['catalog']['publish'] = async (pointer, version) => {
    if (pointer.table === table) throw new Error('terminated');
    return lake.catalog.publish(pointer, version);
  };
  const seen = { ...lake, catalog: { ...lake.catalog, publish } };
  await expect(run(seen)).rejects.toThrow('terminated');
}

interface Case {
  readonly table: string;
  readonly landed: () => Promise<Lake>;
  readonly erase: (name: string) => Run;
  /** Whom the table names. */
  readonly names: (lake: Lake) => Promise<string[]>;
}

const named = async (lake: Lake, sql: string, dataset: string) =>
  (await query(lake, { sql, dataset })).rows.map(({ name }) => name as string);

const broken = (name: string) => accelerometerLine(name, DAY).replace('0.5', '"fast"');

async function stediLanded(): Promise<Lake> {
  const lake = newLake(folder.path());
  const accelerometer = [accelerometerLine('cid', DAY), ...['ann', 'ben', 'cid'].map(broken)];
  const source = await writeFolder(folder.path(), stediFiles({ accelerometer }));
  await ingestStedi(lake, { source });
  return lake;
}

const CASES: Case[] = [
  {
    table: 'labelled_windows',
    landed: async () => {
      const lake = newLake(folder.path());
      await publishNext(lake, {
        table: labelledWindowsTable({ dataset: DATASET, recipe: 1 }),
        inputs: {},
        rows: () =>
          ['ann', 'ben', 'cid'].map((who, at) => [
            ...[`w${at}`, who, 'watch', at, 'walking', Float32Array.of(1), at, at, 'a', 'audit'],
            'schema',
          ]),
      });
      return lake;
    },
    erase: (name) => (lake) =>
      rewriteModelTables(lake, { dataset: DATASET, erased: name, subjectKey: name }),
    names: (lake) =>
      named(lake, 'SELECT subject_key AS name FROM labelled_windows ORDER BY 1', DATASET),
  },
  {
    table: 'accelerometer_landing',
    landed: stediLanded,
    erase: (name) => async (lake) => {
      const key = subjectKey(SECRET, DATASET, emailOf(name));
      const known = { dataset: DATASET, identifier: emailOf(name), subjectKey: key };
      const { person } = await STEDI_ERASING.findPerson(lake, known);
      const request: RewriteRequest = { dataset: DATASET, subject: key, erased: key, person };
      return STEDI_ERASING.rewriteLanding(lake, request);
    },
    names: async (lake) => {
      const rows = 'SELECT "user" AS name FROM accelerometer_landing';
      const bad = `SELECT regexp_extract(raw, '"user":"([^"]*)', 1) AS name FROM accelerometer_landing_quarantine`;
      const emails = await named(lake, `${rows} UNION ${bad} ORDER BY 1`, DATASET);
      return emails.map((email) => email.split('@')[0] as string);
    },
  },
  {
    table: EVENTS_TABLE,
    landed: async () => {
      const lake = newLake(folder.path());
      const at = '2026-03-01T10:00:00Z';
      await landAll(
        lake,
        new FakeTopic().add(...['ann', 'ben', 'cid'].map((device) => ({ device, at }))),
      );
      return lake;
    },
    erase: (name) => (lake) => {
      const person = { identifier: name, subjectKey: name, devices: [name], texts: [], values: [] };
      const request = { dataset: 'devices', erased: name, person: { ...person, shared: 0 } };
      return rewriteEvents(lake, request);
    },
    names: (lake) =>
      named(lake, 'SELECT device_id AS name FROM device_events ORDER BY 1', 'devices'),
  },
];

test.each(CASES)('$table: an erasure goes by its own person', async (given) => {
  const { table, landed, erase, names } = given;
  const lake = await landed();
  await terminated(erase('ann'), lake, table);
  await erase('ben')(lake);
  expect(await names(lake)).toEqual(['ann', 'cid']);
  await erase('ann')(lake);
  expect(await names(lake)).toEqual(['cid']);
});

test.each(CASES)('$table: one that begins again finds its own work done', async (given) => {
  const { table, landed, erase, names } = given;
  const lake = await landed();
  await terminated(erase('ann'), lake, table);
  const manifests = async () =>
    (await keysOf(lake, '')).filter((key) => key.endsWith('/manifest.json'));
  const left = await manifests();
  await erase('ann')(lake);
  expect(await names(lake)).toEqual(['ben', 'cid']);
  expect(await manifests()).toEqual(left);
});

test('an erasure leaves a table that has fewer columns than are declared now as it was', async () => {
  const lake = newLake(folder.path());
  const table = labelledWindowsTable({ dataset: DATASET, recipe: 1 });
  const former = { ...table, columns: table.columns.filter(({ name }) => name !== 'kind') };
  const cells = (who: string, at: number) =>
    former.columns.map(({ name, type }) =>
      type === 'bigint'
        ? at
        : type === 'float-list'
          ? Float32Array.of(1)
          : name === 'subject_key'
            ? who
            : `${at}`,
    );
  const rows = () => ['ann', 'ben'].map(cells);
  await publishNext(lake, { table: former, inputs: {}, rows });
  await rewriteModelTables(lake, { dataset: DATASET, erased: 'ann', subjectKey: 'ann' });
  const { rows: left } = await query(lake, { sql: 'FROM labelled_windows', dataset: DATASET });
  expect(left).toMatchObject([{ subject_key: 'ben', source: '1' }]);
});

test('a replay of the quarantine goes by the list as it is now', async () => {
  const lake = await stediLanded();
  const keyOf = (dataset: string, identifier: string) => subjectKey(SECRET, dataset, identifier);
  const replay = (gone: string) => (own: Lake) =>
    replayQuarantine(own, {
      ...{ dataset: DATASET, secret: SECRET },
      suppression: { keyOf, keys: async () => new Set([keyOf(DATASET, emailOf(gone))]) },
    });
  await terminated(replay('ann'), lake, 'accelerometer_landing');
  await replay('ben')(lake);
  expect(await CASES[1]?.names(lake)).toEqual(['ann', 'cid']);
});
