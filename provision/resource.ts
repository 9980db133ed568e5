/** What a resource is to us: declared properties, found properties, and the difference between the two. */
import { canonicalJson } from '../core/hash';

export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Properties = Readonly<Record<string, Json>>;

/** In the order in which they are made. */
export const RESOURCE_KINDS = [
  'bucket',
  'gateway-endpoint',
  'database',
  'role',
  'instance-profile',
  'workgroup',
] as const;

export type ResourceKind = (typeof RESOURCE_KINDS)[number];

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
  /** What it holds that would be lost with it, in a few words; null when nothing. */
  holds?(resource: DeclaredResource): Promise<string | null>;
}

export interface Change {
  readonly property: string;
  readonly from: string;
  readonly to: string;
}

const SHOWN_CHARACTERS = 120;

function shown(value: Json | undefined): string {
  if (value === undefined || value === null) return '–';
  const text = typeof value === 'string' ? value : canonicalJson(value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

/** The declared properties that are not as they should be; what is not declared is left alone. */
export function changesOf(declared: Properties, found: Properties): Change[] {
  return Object.entries(declared)
    .filter(([name, value]) => canonicalJson(value) !== canonicalJson(found[name] ?? null))
    .map(([property, value]) => ({ property, from: shown(found[property]), to: shown(value) }));
}

/** `role watchlake-research-glue`. */
export const titleOf = ({ kind, name }: ResourceName): string => `${kind} ${name}`;
