/** Lifecycle rules of a bucket in the short form in which they are declared, and in that of S3. */
import type { LifecycleRule } from '@aws-sdk/client-s3';
import { canonicalJson } from '../../core/hash';
import type { Json } from '../resource';

interface RuleFacts {
  id: string;
  filter: string;
  abortUploadsDays?: number;
  noncurrentDays?: number;
  deleteMarkers?: boolean;
  expireDays?: number;
}

const TAG_FILTER = /^tag ([^=]+)=(.*)$/;

function filterText({ Filter, Prefix }: LifecycleRule): string {
  if (Filter?.Tag) return `tag ${Filter.Tag.Key}=${Filter.Tag.Value}`;
  const prefix = Filter?.Prefix ?? Prefix ?? '';
  return prefix === '' && Filter?.And === undefined ? 'all' : canonicalJson(Filter ?? { Prefix });
}

function ruleFacts(rule: LifecycleRule): Json {
  const { Expiration, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload } = rule;
  const facts: RuleFacts = { id: rule.ID ?? '', filter: filterText(rule) };
  if (AbortIncompleteMultipartUpload) {
    facts.abortUploadsDays = AbortIncompleteMultipartUpload.DaysAfterInitiation ?? 0;
  }
  if (NoncurrentVersionExpiration) {
    facts.noncurrentDays = NoncurrentVersionExpiration.NoncurrentDays ?? 0;
  }
  if (Expiration?.ExpiredObjectDeleteMarker) facts.deleteMarkers = true;
  if (Expiration?.Days) facts.expireDays = Expiration.Days;
  return rule.Status === 'Enabled' ? { ...facts } : { ...facts, disabled: true };
}

function lifecycleRule(facts: RuleFacts): LifecycleRule {
  const { id, filter, abortUploadsDays, noncurrentDays, deleteMarkers, expireDays } = facts;
  const [, Key, Value] = TAG_FILTER.exec(filter) ?? [];
  const expiration = {
    ...(deleteMarkers ? { ExpiredObjectDeleteMarker: true } : {}),
    ...(expireDays === undefined ? {} : { Days: expireDays }),
  };
  return {
    ID: id,
    Status: 'Enabled',
    Filter: Key === undefined ? { Prefix: '' } : { Tag: { Key, Value: Value as string } },
    ...(abortUploadsDays === undefined
      ? {}
      : { AbortIncompleteMultipartUpload: { DaysAfterInitiation: abortUploadsDays } }),
    ...(noncurrentDays === undefined
      ? {}
      : { NoncurrentVersionExpiration: { NoncurrentDays: noncurrentDays } }),
    ...(Object.keys(expiration).length === 0 ? {} : { Expiration: expiration }),
  };
}

const declaredRules = (declared: Json): RuleFacts[] => (declared ?? []) as unknown as RuleFacts[];

/** Those that are declared, by their ids, in the order of the declaration. */
export const ownRules = (found: readonly LifecycleRule[], declared: Json): Json =>
  declaredRules(declared)
    .flatMap(({ id }) => found.filter(({ ID }) => ID === id))
    .map(ruleFacts);

/** What is declared, in place of former rules of the same ids, beside the rules of others. */
export function withOwnRules(found: readonly LifecycleRule[], declared: Json): LifecycleRule[] {
  const own = declaredRules(declared);
  const others = found.filter(({ ID }) => !own.some(({ id }) => id === ID));
  return [...others, ...own.map(lifecycleRule)];
}
