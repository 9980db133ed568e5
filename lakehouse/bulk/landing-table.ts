/** What the landing tables of bulk formats have in common: their shape, and why a line is no row. */
import { contentHash } from '../../core/hash';
import type { LandingTableFacts } from '../landing/landing-kind';
import type { ColumnDeclaration, RowsTransform, TableDeclaration } from '../tables';
import { declareTable, reason } from '../tables';

const REASONS = [
  reason('quarantined', 'field-count', 'the line has more or fewer fields than the header'),
  reason('quarantined', 'field-missing', 'there is no stamp, or a window lacks a motion value'),
  reason(
    'quarantined',
    'wrong-type',
    'a field is no number within 1e18 of zero, or the stamp no moment',
  ),
  reason('quarantined', 'moment-out-of-range', 'the stamp is not between 2005 and 2100'),
  reason('quarantined', 'not-utf-8', 'the line has bytes that are no UTF-8'),
  reason('quarantined', 'carriage-return', 'a carriage return stands inside the line'),
  reason('quarantined', 'quote-unclosed', 'a quote is not closed on its line'),
];

export interface BulkLanding {
  readonly name: string;
  readonly comment: string;
  readonly columns: readonly ColumnDeclaration[];
}

export const bulkLandingTable = (
  { dataset, fingerprints }: LandingTableFacts,
  landing: BulkLanding,
): TableDeclaration<RowsTransform> =>
  declareTable({
    dataset,
    ...landing,
    zone: 'landing',
    key: [],
    partitions: [],
    orderBy: [],
    inputs: [],
    transform: { type: 'rows', recipe: contentHash([...fingerprints].sort()) },
    checks: [],
    reasons: REASONS,
  });
