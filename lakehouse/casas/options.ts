/** What a person can choose about how samples get their labels. */

/** Labels as people gave them, or the dozen activities that CASAS sums them up in. */
export const ACTIVITIES = ['as-written', 'summed-up'] as const;

export interface Labelling {
  /** How long before the answer to a prompt the person had been doing it, ms. */
  readonly spanMs: number;
  readonly activities: (typeof ACTIVITIES)[number];
}

export const DEFAULT_LABELLING: Labelling = { spanMs: 300_000, activities: 'as-written' };
