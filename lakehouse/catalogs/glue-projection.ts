/** Partition projection: the partitions of a snapshot as properties of its table, so that none are registered. */
import { WatchlakeError } from '../../core/errors';
import type { PartitionValues } from '../data-place';
import type { TablePointer } from '../ports';
import { hiveName } from './glue-columns';

type Properties = Record<string, string>;

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const INTEGER = /^-?\d+$/;
// What a folder's name and Athena's comma-separated list both hold as it is.
const PLAIN = /^[\w.-]+$/;

const minimum = (values: readonly number[]): number =>
  values.reduce((least, value) => Math.min(least, value));
const maximum = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value));

function integerRange(values: readonly string[]): Properties {
  const numbers = values.map(Number);
  return { type: 'integer', range: `${minimum(numbers)},${maximum(numbers)}` };
}

function dateRange(values: readonly string[]): Properties {
  const range = `${values[0]},${values.at(-1)}`;
  return { type: 'date', format: 'yyyy-MM-dd', range, interval: '1', 'interval.unit': 'DAYS' };
}

/** Folders that do not exist between the ends of a range hold no rows: Athena passes over them. */
function projectionOf(values: readonly string[], isNumber: boolean): Properties {
  if (isNumber && values.every((value) => INTEGER.test(value))) return integerRange(values);
  if (!isNumber && values.every((value) => DATE.test(value))) return dateRange(values);
  return { type: 'enum', values: values.join(',') };
}

function refuseUnprojectable(table: string, { name, values }: PartitionValues): void {
  const odd = values.find((value) => !PLAIN.test(value));
  if (odd === undefined) return;
  // The value itself may be personal.
  const broken = `partition-values (a value of ${name} has characters other than letters, digits, _ . -)`;
  throw new WatchlakeError('CHECK_FAILED', { table, broken });
}

/** Empty for a table without partitions. `folderUri` ends with a slash. */
export function projection(pointer: TablePointer, folderUri: string): Properties {
  const partitions = pointer.data?.partitions ?? [];
  if (partitions.length === 0) return {};
  const properties: Properties = { 'projection.enabled': 'true' };
  for (const partition of partitions) {
    refuseUnprojectable(pointer.table, partition);
    const { name, values } = partition;
    const type = pointer.columns.find((each) => each.name === name)?.type;
    const isNumber = type === 'bigint' || type === 'integer';
    for (const [key, value] of Object.entries(projectionOf(values, isNumber))) {
      properties[`projection.${hiveName(name)}.${key}`] = value;
    }
  }
  const folders = partitions.map(({ name }) => `${name}=\${${hiveName(name)}}/`);
  properties['storage.location.template'] = `${folderUri}${folders.join('')}`;
  return properties;
}
