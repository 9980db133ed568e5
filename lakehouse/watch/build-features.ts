/** Builds the table of a recordings dataset that our own code makes: the windows' features. */
import type { RowsRequest } from '../dataset-format';
import type { Lake } from '../lake';
import { snapshotsOf } from '../manifest';
import { writeRows } from '../publish';
import type { Snapshot } from '../snapshots';
import type { RefreshPlan } from './refresh-plan';
import { schemaOf } from './refresh-plan';
import { featureRows, windowFeaturesTable } from './window-features';
import { WINDOWS_TABLE } from './windows';

export function buildFeatures(
  lake: Lake,
  { plan, inputs, signal, onProgress }: RowsRequest<RefreshPlan>,
): Promise<Snapshot> {
  const schema = schemaOf(plan);
  let windows = 0;
  const onWindows = (made: number) => {
    windows += made;
    onProgress?.({ windows });
  };
  return writeRows(lake, {
    table: windowFeaturesTable({ dataset: plan.dataset, schema }),
    inputs: snapshotsOf(inputs),
    rows: () => featureRows(lake, { schema, inputs, signal, onWindows }),
    inputRows: inputs[WINDOWS_TABLE]?.rows,
    facts: { featureSchema: schema },
    signal,
  });
}
