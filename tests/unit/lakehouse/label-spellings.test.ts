/** Tables that hold a label with accents written in two ways, as those of archives that landed long ago may. */
import type { Cell } from '../../../lakehouse/engines/row-appender';
import { activitiesOf, labelsOfWindows } from '../../../lakehouse/samples';
import { trainingWindows } from '../../../lakehouse/training-windows';
import { windowFeaturesTable } from '../../../lakehouse/watch/window-features';
import { windowsTable } from '../../../lakehouse/watch/windows';
import { featureSchema } from '../../../models/features';
import { publishNext } from '../../support/publishing';
import { newLake, temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();
const DATASET = 'watch';
const LABEL = 'Relajaci\u00f3n';
const window = { lengthMs: 4000, stepMs: 2000 };
const schema = featureSchema({ channels: ['ax'], rateHz: 50, window, maxGapMs: 100 });

test('are read as one label', async () => {
  const lake = newLake(folder.path());
  const declared = windowsTable({ dataset: DATASET, window, maxGapMs: 100 });
  const windows = { ...declared, transform: { type: 'rows', recipe: 1 }, checks: [] } as const;
  for (const table of [windows, windowFeaturesTable({ dataset: DATASET, schema })]) {
    const rows = ['NFC', 'NFD'].map((form, at) => {
      const cells: Record<string, Cell> = {
        ...{ window_id: form, dataset: DATASET, device: 'd', subject_key: 's', recording: 'r' },
        ...{ start_ms: at * 4000, end_ms: at * 4000 + 4000, samples: 200 },
        ...{ label: LABEL.normalize(form), label_share: 1 },
        features: new Float32Array(schema.names.length),
      };
      return table.columns.map(({ name }) => cells[name] as Cell);
    });
    const facts = { featureSchema: schema };
    await publishNext(lake, { table, inputs: {}, rows: () => rows, facts });
  }
  expect((await trainingWindows(lake, { dataset: DATASET })).labels).toEqual([LABEL, LABEL]);
  expect(await activitiesOf(lake, { dataset: DATASET })).toEqual([LABEL]);
  const labels = await labelsOfWindows(lake, { dataset: DATASET, windowIds: ['NFC', 'NFD'] });
  expect([...labels.values()]).toEqual([LABEL, LABEL]);
});
