/** The landing table of the format `recordings`: every sample as it was written, with its origin. */
import { contentHash } from '../../core/hash';
import type { ColumnDeclaration, RowsTransform, TableDeclaration } from '../tables';
import { column, declareTable } from '../tables';
import { LANDING_TABLE } from './descriptor';
import { groupBySize } from './group-by-size';
import type { LandingKind, LandingTableFacts } from './landing-kind';
import type { Channel, RecordingEntry } from './recordings-layout';

const PART_BYTES = 4 * 1024 * 1024;
// Engines open every part's file: a large archive has larger parts, not more of them.
const MAXIMUM_PARTS = 500;

const optional = { required: false };

export const landingColumns = (channels: readonly Channel[]): ColumnDeclaration[] => [
  column('recording', 'string', 'Id of the recording'),
  column('device', 'string', 'Device that recorded it; its clock gives the timestamps'),
  column('subject', 'string', 'The person, as the source names them', { personal: true }),
  column('subject_key', 'string', 'Keyed pseudonym of the person'),
  column('attributes', 'string', 'Other columns of recordings.csv, as JSON', { personal: true }),
  column('timestamp_ms', 'string', 'Device time, as written', optional),
  ...channels.map(({ name, unit }) => column(name, 'string', `As written; unit ${unit}`, optional)),
  column('label', 'string', 'Activity, as written; null without such a column', optional),
  column('source_file', 'string', 'File in the archive'),
  column('source_line', 'bigint', 'Line in that file'),
];

function landingTable(facts: LandingTableFacts): TableDeclaration<RowsTransform> {
  return declareTable({
    dataset: facts.dataset,
    name: LANDING_TABLE,
    zone: 'landing',
    comment: 'Samples as received',
    columns: landingColumns(facts.channels),
    key: [],
    partitions: [],
    orderBy: [],
    inputs: [],
    transform: { type: 'rows', recipe: contentHash([...facts.fingerprints].sort()) },
    checks: [],
  });
}

function partsOf(entries: readonly RecordingEntry[]): RecordingEntry[][] {
  const total = entries.reduce((sum, { member }) => sum + member.bytes, 0);
  const partBytes = Math.max(PART_BYTES, total / (MAXIMUM_PARTS - 1));
  return groupBySize(entries, ({ member }) => member.bytes, partBytes);
}

export const RECORDINGS_KIND: LandingKind = {
  format: 'recordings',
  table: LANDING_TABLE,
  declare: landingTable,
  partsOf,
  describing: ['attributes', 'source_file', 'label'],
};
