/** The two small files in which an archive may say of its labels what they sum up to, and which are unwanted. */
import { readSmallCsv } from '../landing/csv';
import type { Source } from '../sources/source';
import type { ActivityRules } from './activities';
import { CASAS_ACTIVITIES } from './activities';

const MAPPING = 'activity_mapping.csv';
const UNWANTED = 'unwanted_activities.csv';
const MAXIMUM_ROWS = 10_000;

const baseName = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

export const isActivityFile = (member: string): boolean =>
  [MAPPING, UNWANTED].includes(baseName(member));

async function rowsOf(source: Source, file: string, wanted: readonly string[]) {
  const member = source.members.find(({ name }) => baseName(name) === file);
  if (member === undefined) return null;
  const options = { file: member.name, wanted, maximumRows: MAXIMUM_ROWS };
  return (await readSmallCsv(source, member.name, options)).map(({ values }) => values);
}

function labelsOf(rows: readonly Readonly<Record<string, string>>[]): ActivityRules['labels'] {
  const labels: Record<string, string[]> = {};
  for (const { original = '', mapped = '' } of rows) (labels[mapped] ??= []).push(original);
  return labels;
}

/** Undefined when the archive has neither; what it does not say is as CASAS has it. */
export async function readActivityRules(source: Source): Promise<ActivityRules | undefined> {
  const mapping = await rowsOf(source, MAPPING, ['original', 'mapped']);
  const unwanted = await rowsOf(source, UNWANTED, ['activity_label']);
  if (mapping === null && unwanted === null) return undefined;
  return {
    labels: mapping === null ? CASAS_ACTIVITIES.labels : labelsOf(mapping),
    unwanted: unwanted?.map((row) => row.activity_label ?? '') ?? CASAS_ACTIVITIES.unwanted,
  };
}
