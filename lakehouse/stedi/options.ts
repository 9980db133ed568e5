/** What a person can choose about the tables of the format `stedi`. */

/** Whether readings from before the person's consent are dropped. */
export const CONSENT_RULES = ['from-date', 'any'] as const;
/** Whether a step reading meets its own person's accelerometer readings alone, or anybody's. */
export const ASSOCIATIONS = ['person', 'timestamp'] as const;
/** Whether the landing tables are found in the catalogue, or by their prefixes in the lake. */
export const FROM = ['catalog', 'path'] as const;

export interface StediOptions {
  readonly consent: (typeof CONSENT_RULES)[number];
  readonly association: (typeof ASSOCIATIONS)[number];
  readonly from: (typeof FROM)[number];
}

export const DEFAULT_OPTIONS: StediOptions = {
  consent: 'from-date',
  association: 'person',
  from: 'catalog',
};
