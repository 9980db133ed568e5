/** What a resource is to us: declared properties, found properties, and the difference between the two. */
import { canonicalJson } from '../core/hash';

export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Properties = Readonly<Record<string, Json>>;

export type ResourceKind =
  'bucket' | 'gateway-endpoint' | 'database' | 'role' | 'instance-profile' | 'workgroup';

export interface ResourceName {
  readonly kind: ResourceKind;
  readonly name: string;
}

export interface DeclaredResource extends ResourceName {
  readonly environment: string;
  readonly properties: Properties;
}

export interface FoundResource {
  /** The service's own id, where the name is ours alone. */
  readonly id?: string;
  /** What its tag says; null when it has none. */
  readonly environment: string | null;
  readonly properties: Properties;
}

/** One kind of resource of one service. Every method can be repeated. */
export interface Adapter {
  /** Null when there is none. */
  read(resource: DeclaredResource): Promise<FoundResource | null>;
  /** Makes it with its tag; the properties come with `update`. */
  create(resource: DeclaredResource): Promise<void>;
  /** Sets the named properties to what is declared. */
  update(
    resource: DeclaredResource,
    changed: readonly string[],
    found: FoundResource,
  ): Promise<void>;
  remove(resource: DeclaredResource, found: FoundResource): Promise<void>;
  /** Of kinds that whoever applies names: all that carry the tag of the environment, named this time or not. */
  tagged?(environment: string): Promise<string[]>;
  /** What it holds that would be lost with it, in a few words; null when nothing. */
  holds?(resource: DeclaredResource): Promise<string | null>;
}

export interface Change {
  readonly property: string;
  readonly from: string;
  readonly to: string;
}

// Enough for a statement about one resource.
const SHOWN_CHARACTERS = 240;

function shown(value: Json | undefined): string {
  if (value === undefined || value === null) return '–';
  const text = typeof value === 'string' ? value : canonicalJson(value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

const isEqual = (one: Json | undefined, other: Json | undefined): boolean =>
  canonicalJson(one ?? null) === canonicalJson(other ?? null);

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !isList(value);

/** Of two long values that are nearly the same, what only the first one has. */
function apart(value: Json | undefined, other: Json | undefined): Json | undefined {
  if (isList(value) && isList(other)) {
    return value.filter((each) => !other.some((item) => isEqual(each, item)));
  }
  if (!isObject(value) || !isObject(other)) return value;
  const parts = Object.entries(value).filter(([key, part]) => !isEqual(part, other[key]));
  return Object.fromEntries(parts.map(([key, part]) => [key, apart(part, other[key]) ?? null]));
}

/** The declared properties that are not as they should be; what is not declared is left alone. */
export function changesOf(declared: Properties, found: Properties): Change[] {
  return Object.entries(declared)
    .filter(([name, value]) => !isEqual(value, found[name]))
    .map(([property, value]) => ({
      property,
      from: shown(apart(found[property], value)),
      to: shown(apart(value, found[property])),
    }));
}

/** `role watchlake-research-glue`. */
export const titleOf = ({ kind, name }: ResourceName): string => `${kind} ${name}`;
