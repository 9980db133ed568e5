/** The landing table of the format `casas`: every line in its types, and where it stands in its file. */
import { bulkLandingTable } from '../bulk/landing-table';
import type { LandingTableFacts } from '../landing/landing-kind';
import { SAMPLES_LANDING } from '../landing/descriptor';
import type { ColumnDeclaration } from '../tables';
import { column } from '../tables';
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

export const declareCasasLanding = (facts: LandingTableFacts) =>
  bulkLandingTable(facts, {
    name: CASAS_LANDING,
    comment: 'Samples as received, in their types',
    columns: casasLandingColumns,
  });
