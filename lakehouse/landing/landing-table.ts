/** The landing table of the format `recordings`: every sample as it was written, with its origin. */
import { contentHash } from '../../core/hash';
import type { ColumnDeclaration, RowsTransform, TableDeclaration } from '../tables';
import { column, declareTable } from '../tables';
import { LANDING_TABLE } from './descriptor';
import type { Channel } from './recordings-layout';

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

export interface LandingTableFacts {
  readonly dataset: string;
  readonly channels: readonly Channel[];
  /** Fingerprints of the recordings: what the table holds. */
  readonly fingerprints: readonly string[];
}

export function landingTable(facts: LandingTableFacts): TableDeclaration<RowsTransform> {
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
