/** What of the lake's own documents can name people: nothing else of them is searched, or ever changed. */
import { CATALOG_ROOT } from '../catalogs/releases';

type Change = (text: string) => string;

/** Pointers, releases and plans of refreshes: they name tables and snapshots alone. */
const NAMELESS = [`${CATALOG_ROOT}/`, 'refresh/'];

/** Of the facts of a table what its readers go by. */
const GOVERNING = new Set([
  ...['key', 'fingerprint', 'content', 'keyFingerprint', 'format'],
  ...['descriptor', 'activities', 'labelling', 'featureSchema', 'featureSchemaHash'],
]);

function changedValues(value: unknown, change: Change): unknown {
  if (typeof value === 'string') return JSON.parse(change(JSON.stringify(value))) as unknown;
  if (Array.isArray(value)) return (value as unknown[]).map((each) => changedValues(each, change));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value as Record<string, unknown>);
  return Object.fromEntries(
    fields.map(([name, each]) => [name, GOVERNING.has(name) ? each : changedValues(each, change)]),
  );
}

function manifestOf(key: string, text: string): Record<string, unknown> | null {
  if (!key.endsWith('/manifest.json')) return null;
  try {
    const parsed = JSON.parse(text) as Record<string, unknown> | null;
    return parsed !== null && 'recipeHash' in parsed && 'snapshotId' in parsed ? parsed : null;
  } catch {
    return null;
  }
}

/** The object's text with what may name people changed; the same text where nothing is. */
export function withChangedNames(key: string, text: string, change: Change): string {
  if (NAMELESS.some((prefix) => key.startsWith(prefix))) return text;
  const manifest = manifestOf(key, text);
  if (manifest === null) return change(text);
  const { facts, firstProblems } = manifest;
  const changed = {
    ...manifest,
    facts: changedValues(facts, change),
    firstProblems: changedValues(firstProblems, change),
  };
  return `${JSON.stringify(changed, null, 2)}\n`;
}

/** Whether a part that may name people does what is asked. */
export function someName(key: string, text: string, holds: (text: string) => boolean): boolean {
  let found = false;
  withChangedNames(key, text, (part) => {
    found ||= holds(part);
    return part;
  });
  return found;
}
