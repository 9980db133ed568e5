/** Where the plan and the finished parts of an ingest lie until they are published. */
import type { IngestPlanBase } from '../dataset-format';
import { readJson } from '../json';
import type { Lake } from '../lake';

type IngestName = Pick<IngestPlanBase, 'dataset' | 'ingestId'>;

/** What an erasure writes anew lies beside the ingests, until it is published. */
export const ERASURE = 'erasure';

export const ingestsFolder = (dataset: string): string => `landing/${dataset}/ingests/`;

export const ingestFolder = ({ dataset, ingestId }: IngestName): string =>
  `${ingestsFolder(dataset)}${ingestId}/`;

export const loadPlan = ({ store }: Lake, planKey: string): Promise<IngestPlanBase> =>
  readJson<IngestPlanBase>(store, planKey);

/** Removes the parts; the plan stays, which a retry of the last step reads. */
export async function removeParts({ store }: Lake, ingest: IngestName): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of store.list(ingestFolder(ingest))) {
    if (!key.includes('/plan-')) keys.push(key);
  }
  for (const key of keys) await store.remove(key);
}
