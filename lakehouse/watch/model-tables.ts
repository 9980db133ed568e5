/** Tables that the loop fills: predictions, the feature store of labels, and frozen training sets. */
import type { Cell } from '../engines/row-appender';
import type { TrainingWindow } from '../training-windows';
import type { ColumnDeclaration, RowsTransform, TableDeclaration } from '../tables';
import { column, declareTable } from '../tables';

export const PREDICTIONS_TABLE = 'predictions';
const LABELLED_TABLE = 'labelled_windows';
export const TRAINING_TABLE = 'training_windows';

const windowColumns: readonly ColumnDeclaration[] = [
  column('window_id', 'string', 'Window'),
  column('subject_key', 'string', 'Keyed pseudonym of the person'),
  column('device', 'string', 'Device'),
  column('start_ms', 'bigint', 'First moment, on the clock of the device'),
  column('label', 'string', 'Activity'),
  column('features', 'float-list', 'In the order of the feature schema'),
];

/** In the order of the columns that a training set and the feature store begin with. */
export const windowCells = (window: TrainingWindow): Cell[] => [
  window.windowId,
  window.subjectKey,
  window.device,
  window.startMs,
  window.label,
  window.features,
];

export interface ModelTableFacts {
  readonly dataset: string;
  /** Changes whenever the same inputs would give other rows. */
  readonly recipe: unknown;
}

const modelTable = (
  facts: ModelTableFacts,
  table: Pick<TableDeclaration, 'name' | 'comment' | 'columns' | 'key' | 'orderBy'>,
): TableDeclaration<RowsTransform> =>
  declareTable({
    ...table,
    dataset: facts.dataset,
    zone: 'curated',
    partitions: [],
    inputs: [],
    transform: { type: 'rows', recipe: facts.recipe },
    checks: [],
  });

export const predictionsTable = (facts: ModelTableFacts): TableDeclaration<RowsTransform> =>
  modelTable(facts, {
    name: PREDICTIONS_TABLE,
    comment: 'What each champion made of the windows of the stream',
    columns: [
      column('window_id', 'string', 'Window'),
      column('subject_key', 'string', 'Keyed pseudonym of the person'),
      column('device', 'string', 'Device'),
      column('start_ms', 'bigint', 'First moment, on the clock of the device'),
      column('end_ms', 'bigint', 'First moment after the window'),
      column('model', 'string', 'Model'),
      column('version', 'string', 'Version that was champion'),
      column('label', 'string', 'Most probable class'),
      column('confidence', 'double', 'Its calibrated probability'),
      column('classes', 'string-list', 'Classes of the version'),
      column('probabilities', 'float-list', 'In the order of the classes'),
      column('candidate', 'string', 'Why a person may be asked: uncertain or audit', {
        required: false,
      }),
      column('feature_schema', 'string', 'Hash of the feature schema'),
      column('features', 'float-list', 'Of candidates alone', { required: false }),
      column('signal', 'string', 'Of candidates alone: JSON with base64 arrays', {
        required: false,
      }),
      column('kafka_partition', 'integer', 'Where it lay on the topic'),
      column('kafka_offset', 'bigint', 'Where it lay on the topic'),
    ],
    // A window that a version has predicted again keeps that version's first prediction.
    key: ['window_id', 'model', 'version'],
    orderBy: ['kafka_partition', 'kafka_offset'],
  });

/** The feature store: when a thing happened, and when we came to know its label. */
export const labelledWindowsTable = (facts: ModelTableFacts): TableDeclaration<RowsTransform> =>
  modelTable(facts, {
    name: LABELLED_TABLE,
    comment: 'Labels that people gave, with the features of their windows',
    columns: [
      ...windowColumns,
      column('event_time_ms', 'bigint', 'When it happened, on the clock of the device'),
      column('known_at_ms', 'bigint', 'When the label was given, since 1970'),
      column('source', 'string', 'Who gave the label'),
      column('kind', 'string', 'Why the label was asked for: uncertain or audit'),
      column('feature_schema', 'string', 'Hash of the schema of its features'),
    ],
    key: ['window_id'],
    orderBy: ['known_at_ms', 'window_id'],
  });

/** Everything that one training learned from; never changed, never shared. */
export const trainingWindowsTable = (facts: ModelTableFacts): TableDeclaration<RowsTransform> =>
  modelTable(facts, {
    name: TRAINING_TABLE,
    comment: 'A frozen training set',
    columns: windowColumns,
    key: ['window_id'],
    orderBy: ['window_id'],
  });
