/** Policy documents of IAM and S3: written from explained statements, compared whatever their spelling. */
import { canonicalJson } from '../core/hash';
import type { Json } from './resource';

export interface Statement {
  readonly sid: string;
  /** Why it is there: docs/aws-policies.md is made from it. */
  readonly purpose: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<
    Record<string, Readonly<Record<string, string | readonly string[]>>>
  >;
  readonly principal?: Json;
  readonly effect?: 'Allow' | 'Deny';
}

/** One value and a list of one are the same to IAM, and the order of a list says nothing. */
function normal(value: Json): Json {
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map(normal);
    if (items.length === 1) return items[0] as Json;
    return items.sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, normal(inner)]));
}

/** The form that comparisons use. */
export const normalDocument = (document: Json): Json => normal(document);

/** From the text that a service answers with, which IAM encodes for addresses. */
export const parsedDocument = (text: string): Json =>
  normal(JSON.parse(text.startsWith('%7B') ? decodeURIComponent(text) : text) as Json);

function statementJson(statement: Statement): Json {
  const { sid, actions, resources, conditions, principal, effect = 'Allow' } = statement;
  return {
    Sid: sid,
    Effect: effect,
    ...(principal === undefined ? {} : { Principal: principal }),
    Action: [...actions],
    // A trust policy is about the role that carries it.
    ...(resources.length === 0 ? {} : { Resource: [...resources] }),
    ...(conditions === undefined ? {} : { Condition: conditions as Json }),
  };
}

export const policyDocument = (statements: readonly Statement[]): Json =>
  normal({ Version: '2012-10-17', Statement: statements.map(statementJson) });

type StatementJson = Readonly<Record<string, Json>>;
type Document = Readonly<Record<string, Json>>;

// One alone may stand without a list.
const statementsIn = (document: Json): StatementJson[] =>
  [(document as Document | null)?.['Statement'] ?? []].flat() as StatementJson[];

const isIn = ({ Sid }: StatementJson, declared: Json): boolean =>
  statementsIn(declared).some((each) => each['Sid'] === Sid);

/** Of a document that others may add to, the statements that are declared, by their Sids; null when there are none. */
export function ownStatements(found: Json, declared: Json): Json {
  const own = statementsIn(found).filter((each) => isIn(each, declared));
  return own.length === 0 ? null : normal({ ...(declared as Document), Statement: own });
}

/** What is declared, in place of former statements of the same Sids, beside the statements of others. */
export function withOwnStatements(found: Json, declared: Json): Json {
  const others = statementsIn(found).filter((each) => !isIn(each, declared));
  // Theirs mean what the version of their document says.
  const kept = others.length === 0 ? {} : (found as Document);
  return {
    ...(declared as Document),
    ...kept,
    Statement: [...others, ...statementsIn(declared)],
  };
}
