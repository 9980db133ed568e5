/** Which database of the Glue catalogue holds the tables of a dataset. */

// The name that the public pipelines of this data have, and that their readers look for.
const WELL_KNOWN: Readonly<Record<string, string>> = { stedi: 'stedi-human-balance-analytics' };
const DEFAULT_TEMPLATE = 'watchlake_{dataset}';
const PLACEHOLDER = '{dataset}';

export interface GlueDatabases {
  of(dataset: string): string;
  /** Whether the database may hold tables of ours. */
  readonly includes: (database: string) => boolean;
}

/** Athena takes no dot in a database's name. */
const safe = (dataset: string): string => dataset.replaceAll('.', '_');

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** `template` may hold `{dataset}`; without it all datasets share one database. */
export function glueDatabases(template?: string): GlueDatabases {
  const pattern = (template ?? DEFAULT_TEMPLATE).split(PLACEHOLDER);
  const expression = new RegExp(`^${pattern.map(escaped).join('[a-z0-9_-]+')}$`);
  const known = template === undefined ? WELL_KNOWN : {};
  return {
    of: (dataset) => known[dataset] ?? pattern.join(safe(dataset)),
    includes: (database) => Object.values(known).includes(database) || expression.test(database),
  };
}
