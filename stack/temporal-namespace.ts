/** What Watchlake needs of a Temporal namespace: its search attributes and how long histories are kept. */
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';

/** Shown and searched in the web UI; all are keywords, and none holds personal data. */
export const SEARCH_ATTRIBUTES = [
  'WatchlakeDataset',
  'WatchlakeModel',
  'WatchlakeVersion',
  'WatchlakeOutcome',
] as const;

const KEYWORD = 2; // temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
const MS_PER_DAY = 86_400_000;

/** The command that the operator of an external server runs once. */
export function searchAttributesCommand(address: string, namespace: string): string {
  const names = SEARCH_ATTRIBUTES.map((name) => `--name ${name} --type Keyword`).join(' ');
  const where = `--address ${address} --namespace ${namespace}`;
  return `temporal operator search-attribute create ${where} ${names}`;
}

/** Which of the search attributes the namespace does not have yet. */
export async function missingSearchAttributes(
  connection: Connection,
  namespace: string,
): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return SEARCH_ATTRIBUTES.filter((name) => customAttributes[name] === undefined);
}

/** Adds the search attributes that are missing; repeating it changes nothing. */
export async function registerSearchAttributes(
  connection: Connection,
  namespace: string,
): Promise<void> {
  const missing = await missingSearchAttributes(connection, namespace);
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
}

/** Closed runs and their histories are kept this long. */
export async function setRetention(
  connection: Connection,
  namespace: string,
  days: number,
): Promise<void> {
  const wanted = msToTs(days * MS_PER_DAY);
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  if (String(config?.workflowExecutionRetentionTtl?.seconds) === String(wanted.seconds)) return;
  const retention = { workflowExecutionRetentionTtl: wanted };
  await connection.workflowService.updateNamespace({ namespace, config: retention });
}
