/** Words the facts of a run for people: the one place that says how a count reads. */
import { bytes, count, dollars, figure } from './figures';

export type Fact = string | number | boolean | null;
export type Facts = Readonly<Record<string, Fact>>;

export interface WordedFact {
  /** What the figure is of: `dead letters`. */
  readonly what: string;
  readonly value: string;
  /** Both, as one says it: `3 dead letters`. */
  readonly text: string;
  readonly isCount: boolean;
}

interface Wording {
  readonly one: string;
  readonly many: string;
  /** The fact that says how many there are in all. */
  readonly of?: string;
  readonly figure?: (value: number) => string;
  /** Whether zero says something; otherwise such a count is left out. */
  readonly tellsZero?: boolean;
}

type More = Omit<Wording, 'one' | 'many'>;

const things = (one: string, many = `${one}s`, more: More = {}): Wording => ({
  one,
  many,
  ...more,
});
const same = (word: string, more: More = {}): Wording => things(word, word, more);

// Tables and stages are facts too, and bear any name.
const mapOf = <Value>(entries: Record<string, Value>): ReadonlyMap<string, Value> =>
  new Map(Object.entries(entries));

/** By the name of the fact. */
const COUNTS: ReadonlyMap<string, Wording> = mapOf({
  answered: same('answered', { of: 'tasks', tellsZero: true }),
  audit: things('audit task'),
  batches: things('batch', 'batches'),
  before: things('window predicted before', 'windows predicted before'),
  bytes: same('read', { figure: bytes }),
  bytesRead: same('read', { figure: bytes, of: 'bytesInAll', tellsZero: true }),
  candidates: things('candidate'),
  create: same('to create'),
  created: things('task made', 'tasks made'),
  databaseRows: things('database row'),
  dates: things('date', 'dates', { of: 'of', tellsZero: true }),
  deadLettered: things('dead letter'),
  devices: things('device'),
  dollars: same('for the query', { figure: dollars }),
  done: same('done'),
  downloaded: same('downloaded', { figure: bytes, of: 'of', tellsZero: true }),
  duplicates: things('duplicate'),
  'events read': things('event read', 'events read'),
  featureStore: things('row in the feature store', 'rows in the feature store'),
  files: things('file'),
  hashed: same('read', { figure: bytes, of: 'of', tellsZero: true }),
  holdoutUses: things('use of the holdout', 'uses of the holdout'),
  labels: things('label'),
  'labels left out': things('label left out', 'labels left out'),
  lag: things('message behind', 'messages behind', { tellsZero: true }),
  late: same('late'),
  membersBegun: things('member begun', 'members begun', { of: 'members' }),
  members: things('member'),
  messages: things('message'),
  models: things('model'),
  'names that others share': things('name that others share', 'names that others share'),
  objects: things('object'),
  periods: things('period'),
  picked: things('window picked', 'windows picked'),
  predicted: things('window predicted', 'windows predicted', { tellsZero: true }),
  predictions: things('prediction'),
  rejected: same('rejected'),
  removed: same('removed'),
  resources: things('resource'),
  retrainings: things('retraining'),
  rows: things('row'),
  'rows of people': things('row of a person', 'rows of people'),
  'rows removed': things('row removed', 'rows removed'),
  samples: things('sample'),
  scannedBytes: same('scanned', { figure: bytes }),
  skipped: things('batch of other datasets', 'batches of other datasets'),
  tasksSkipped: things('skipped task'),
  skippedOffsets: things('message deleted before it landed', 'messages deleted before they landed'),
  snapshots: things('snapshot removed', 'snapshots removed'),
  subjects: things('subject'),
  tasks: things('task'),
  tooLong: things('signal too long to ask about', 'signals too long to ask about'),
  unchanged: same('unchanged'),
  update: same('to update'),
  versions: things('version removed', 'versions removed'),
  waitingFor: things('run waited for', 'runs waited for'),
  wanted: same('wanted'),
  windowsMade: things('window made', 'windows made'),
  withFormerFeatures: same('with former features'),
  written: things('row written', 'rows written'),
});

/** What stands before a fact that is no count; nothing where it speaks for itself. */
const LABELS: ReadonlyMap<string, string> = mapOf({
  macroF1: 'macro-F1',
  newHoldoutAdvised: 'a new holdout is advised',
  pValue: 'p',
  standing: '',
  step: '',
});

/** `holdoutUses` as `holdout uses`. */
export const spaced = (name: string): string =>
  name.replace(/(?<=[a-z\d])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const labelOf = (name: string): string => LABELS.get(name) ?? spaced(name);

/** What a figure of that name is of: `deadLettered` as `dead letters`. */
export const whatOf = (name: string): string => COUNTS.get(name)?.many || labelOf(name);

const worded = (what: string, value: string): WordedFact => ({
  what,
  value,
  text: `${value} ${what}`.trim(),
  isCount: true,
});

const labelled = (what: string, value: string): WordedFact => ({
  what,
  value,
  text: `${what} ${value}`.trim(),
  isCount: false,
});

function wordedCount(wording: Wording, value: number, facts: Facts): WordedFact | null {
  const { one, many, of = '', figure: shown = count, tellsZero = false } = wording;
  if (value === 0 && !tellsZero) return null;
  const inAll = facts[of];
  if (typeof inAll !== 'number') return worded(value === 1 ? one : many, shown(value));
  return worded(many, `${shown(value)} of ${shown(inAll)}`);
}

// As `2 of 5` or `34 %`: the words for a count fit it.
const COUNTED = /^[\d,.]+( %| of [\d,.]+)?$/;

function wordedFact(name: string, value: Fact, facts: Facts): WordedFact | null {
  if (value === null || value === '' || value === false) return null;
  const wording = COUNTS.get(name);
  if (value === true) return { ...labelled(labelOf(name), 'yes'), text: labelOf(name) };
  if (typeof value === 'number') {
    return wording ? wordedCount(wording, value, facts) : labelled(labelOf(name), figure(value));
  }
  return wording && COUNTED.test(value)
    ? worded(wording.many, value)
    : labelled(labelOf(name), value);
}

/** In the order of the facts; what is unknown, and zeros that tell nothing, are left out. */
export function wordedFacts(facts: Facts): WordedFact[] {
  const totals = new Set(
    [...COUNTS].filter(([name]) => typeof facts[name] === 'number').map(([, { of }]) => of),
  );
  return Object.entries(facts).flatMap(([name, value]) => {
    const fact = totals.has(name) ? null : wordedFact(name, value, facts);
    return fact === null ? [] : [fact];
  });
}
