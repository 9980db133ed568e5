/** A person whose name is written in both ways that Unicode has for an accent, as by programs of a Mac, is one. */
import { strangerOf } from '../../../../activities/erasure-case';
import type { FormatName } from '../../../../lakehouse/dataset-format';
import { removeHoldings } from '../../../../lakehouse/erasure/remove';
import { scanLake } from '../../../../lakehouse/erasure/scan';
import { formatNamed } from '../../../../lakehouse/formats';
import { query } from '../../../../lakehouse/query';
import { arwiseFile } from '../../../support/arwise';
import { casasFile, samples } from '../../../support/casas';
import { ingestFormat } from '../../../support/format-runs';
import type { Files } from '../../../support/recordings';
import {
  archiveFiles,
  newLake,
  SECRET,
  temporaryFolder,
  writeZip,
} from '../../../support/recordings';

const folder = temporaryFolder();
const DATASET = 'accents';
const START = Date.UTC(2021, 5, 1, 8);
const [ONE, OTHER] = ['Zoë Ångström', 'Ada Sample'];
const [composed, decomposed] = [ONE.normalize('NFC'), ONE.normalize('NFD')];

/** Both spellings of one person, and somebody else. */
const ARCHIVES: Record<Exclude<FormatName, 'stedi'>, Files> = {
  recordings: archiveFiles([
    { recording: 'one', subject: composed },
    { recording: 'two', subject: decomposed },
    { recording: 'other', subject: OTHER },
  ]),
  casas: {
    [`${composed}.w1.csv`]: casasFile(samples(START, 5)),
    [`${decomposed}.w2.csv`]: casasFile(samples(START, 5)),
    [`${OTHER}.csv`]: casasFile(samples(START, 5)),
  },
  arwise: {
    [`${composed}_train.csv`]: arwiseFile([{ endMs: START, label: 'Meal' }]),
    [`${decomposed}_test.csv`]: arwiseFile([{ endMs: START, label: 'Meal' }]),
    [`${OTHER}.csv`]: arwiseFile([{ endMs: START, label: 'Meal' }]),
  },
};

test.each(Object.keys(ARCHIVES) as (keyof typeof ARCHIVES)[])(
  '%s: one person, who goes with both spellings, whichever is typed',
  async (name) => {
    expect(composed).not.toBe(decomposed);
    for (const typed of [composed, decomposed]) {
      const lake = newLake(folder.path());
      const source = await writeZip(folder.path(), ARCHIVES[name]);
      await ingestFormat(lake, name, { source, dataset: DATASET });
      const table = `${name}_landing`;
      const people = `SELECT count(DISTINCT subject_key) AS people FROM ${table}`;
      expect((await query(lake, { sql: people })).rows).toEqual([{ people: 2 }]);

      const { erasing } = formatNamed(name);
      const stranger = strangerOf(SECRET, DATASET, erasing.identifierOf(` ${typed} `));
      const { person } = await erasing.findPerson(lake, { ...stranger, dataset: DATASET });
      const instead = '00000000000000aa';
      const request = { dataset: DATASET, subject: instead, erased: 'e', person };
      await erasing.rewriteLanding(lake, request);
      const left = await query(lake, { sql: `SELECT DISTINCT subject FROM ${table}` });
      expect(left.rows).toEqual([{ subject: OTHER }]);

      const holdings = { dataset: DATASET, needles: person };
      await lake.store.put('reports/failed.json', JSON.stringify({ file: `${decomposed}.csv` }));
      await removeHoldings(lake, { ...holdings, instead, graceMs: -1 });
      for (const spelling of [composed, decomposed]) {
        const needles = { texts: [spelling], values: [] };
        expect((await scanLake(lake, { dataset: DATASET, needles })).found).toEqual([]);
      }
    }
  },
);
