/** What a person sees of a run while it works: a live list in the web UI, and the `progress` query. */
import {
  defineQuery,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { wordedFacts, type Fact } from '../core/facts';

export interface Progress {
  step: string;
  facts: Record<string, Fact>;
}

export const progressQuery = defineQuery<Progress>('progress');

// Search attributes are stored in clear by the server: names of things, never of people.
const SEARCH_KEYS = {
  dataset: defineSearchAttributeKey('WatchlakeDataset', 'KEYWORD'),
  model: defineSearchAttributeKey('WatchlakeModel', 'KEYWORD'),
  version: defineSearchAttributeKey('WatchlakeVersion', 'KEYWORD'),
  outcome: defineSearchAttributeKey('WatchlakeOutcome', 'KEYWORD'),
} as const;

/** Makes the run findable in the web UI, for example by `WatchlakeModel = "activity"`. */
export function tagRun(tags: Partial<Record<keyof typeof SEARCH_KEYS, string>>): void {
  const pairs = Object.entries(tags).map(([name, value]) => ({
    key: SEARCH_KEYS[name as keyof typeof SEARCH_KEYS],
    value,
  }));
  upsertSearchAttributes(pairs);
}

// No table: the web UI leaves no room between its cells.
const asList = ({ step, facts }: Progress): string =>
  [
    `**${step}**`,
    '',
    ...wordedFacts(facts).map(({ what, value }) => `- ${what && `${what}: `}**${value}**`),
  ].join('\n');

/** Starts the live list; each call of the returned function names the step and adds facts. */
export function trackProgress(): (step: string, facts?: Record<string, Fact>) => void {
  const state: Progress = { step: 'checking the input', facts: {} };
  setHandler(progressQuery, () => state, { description: 'The present step and its figures' });
  return (step, facts = {}) => {
    state.step = step;
    Object.assign(state.facts, facts);
    setCurrentDetails(asList(state));
  };
}
