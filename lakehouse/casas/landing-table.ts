/** The landing table of the format `casas`: every line in its types, and where it stands in its file. */
import { contentHash } from '../../core/hash';
import type { LandingTableFacts } from '../landing/landing-kind';
import { SAMPLES_LANDING } from '../landing/descriptor';
import type { ColumnDeclaration, RowsTransform, TableDeclaration } from '../tables';
import { column, declareTable, reason } from '../tables';
import type { CasasField } from './fields';
import { BATTERY, LABEL, LOCATION, MOTION, STAMP } from './fields';

export const CASAS_LANDING = SAMPLES_LANDING.casas;

const optional = { required: false };

const fieldColumn = ({ name, type, unit, comment, required }: CasasField): ColumnDeclaration =>
  column(name, type === 'number' ? 'double' : 'string', unit ? `${comment}; ${unit}` : comment, {
    required,
  });

/** What the order of the lines tells; lines that are no rows do not count. */
const PLACE: readonly ColumnDeclaration[] = [
  column('time_ms', 'double', 'The stamp on a clock that is never put back, ms'),
  column('latest_ms', 'double', 'The latest time_ms of the rows before', optional),
  column(
    'location_line',
    'bigint',
    'Line on which the present reading of the place began',
    optional,
  ),
  column('battery_line', 'bigint', 'Line on which the present battery state began', optional),
  column('prompts', 'bigint', 'Answers to prompts on the rows before'),
];

export const casasLandingColumns: readonly ColumnDeclaration[] = [
  column('recording', 'string', 'Id of the recording: one for each file'),
  column('device', 'string', 'The watch; its clock gives the stamps'),
  column('subject', 'string', 'The participant, as the file is named', { personal: true }),
  column('subject_key', 'string', 'Keyed pseudonym of the participant'),
  ...[STAMP, ...MOTION, ...LOCATION, BATTERY, LABEL].map(fieldColumn),
  ...PLACE,
  column('source_file', 'string', 'File in the archive', { personal: true }),
  column('source_line', 'bigint', 'Line in that file'),
];

export const LANDING_REASONS = [
  reason('quarantined', 'field-count', 'the line has more or fewer fields than the header'),
  reason('quarantined', 'field-missing', 'there is no stamp, or a window lacks a motion value'),
  reason('quarantined', 'wrong-type', 'a field is no number, or the stamp no moment'),
  reason('quarantined', 'moment-out-of-range', 'the stamp is not between 2005 and 2100'),
  reason('quarantined', 'not-utf-8', 'the line has bytes that are no UTF-8'),
  reason('quarantined', 'quote-unclosed', 'a quote is not closed on its line'),
];

export const declareCasasLanding = (facts: LandingTableFacts): TableDeclaration<RowsTransform> =>
  declareTable({
    dataset: facts.dataset,
    name: CASAS_LANDING,
    zone: 'landing',
    comment: 'Samples as received, in their types',
    columns: casasLandingColumns,
    key: [],
    partitions: [],
    orderBy: [],
    inputs: [],
    transform: { type: 'rows', recipe: contentHash([...facts.fingerprints].sort()) },
    checks: [],
    reasons: LANDING_REASONS,
  });
