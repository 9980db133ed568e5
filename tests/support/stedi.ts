/** Lands sources of the format `stedi` and builds their tables, as the workflows do. */
import type { PublishedLanding } from '../../lakehouse/dataset-format';
import type { Lake } from '../../lakehouse/lake';
import type { JobContext } from '../../lakehouse/ports';
import type { StediOptions } from '../../lakehouse/stedi/options';
import { DEFAULT_OPTIONS } from '../../lakehouse/stedi/options';
import type { BuiltTables, FormatIngest } from './format-runs';
import { ingestFormat, refreshFormat } from './format-runs';

export type { BuiltTables } from './format-runs';

/** What the workflow `ingest` does, in one go. */
export const ingestStedi = (
  lake: Lake,
  { dataset = 'stedi', ...ingest }: Omit<FormatIngest, 'dataset'> & { dataset?: string },
): Promise<PublishedLanding & { alreadyLanded: boolean }> =>
  ingestFormat(lake, 'stedi', { dataset, ...ingest });

/** What the workflow `refreshTables` does, in one go; stops where a check fails. */
export const refreshStedi = (
  lake: Lake,
  given: Partial<StediOptions> = {},
  dataset = 'stedi',
  job?: JobContext,
): Promise<BuiltTables> =>
  refreshFormat(lake, { dataset, options: { ...DEFAULT_OPTIONS, ...given } }, { job });

export const rowsOfTables = (built: BuiltTables): number[] =>
  Object.values(built).map(({ rows }) => rows);
