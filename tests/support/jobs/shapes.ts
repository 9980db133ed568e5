/** Holds a request against the shapes that the AWS SDK itself carries: nothing unknown, nothing missing, right kinds. */

type Schema = number | readonly unknown[] | (() => Schema);

// The SDK's own numbers for kinds of shapes, and its flags for lists and maps of simple ones.
const [LIST, MAP, STRUCTURE] = [1, 2, 3];
const [LISTS, MAPS] = [64, 128];
const SIMPLE: Readonly<Record<number, string>> = { 0: 'string', 1: 'number', 2: 'boolean' };

const inside = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

function simpleProblem(kind: number, value: unknown, path: string): string | null {
  if ((kind & MAPS) === MAPS)
    return eachProblem(kind - MAPS, Object.entries(value as object), path);
  if ((kind & LISTS) === LISTS) {
    if (!Array.isArray(value)) return `${path} is no list`;
    return eachProblem(kind - LISTS, [...value.entries()], path);
  }
  const expected = SIMPLE[kind];
  return expected === undefined || typeof value === expected ? null : `${path} is no ${expected}`;
}

function eachProblem(
  schema: Schema,
  entries: readonly (readonly [string | number, unknown])[],
  path: string,
): string | null {
  for (const [name, value] of entries) {
    const problem = shapeProblem(schema, value, inside(path, String(name)));
    if (problem !== null) return problem;
  }
  return null;
}

function structureProblem(shape: readonly unknown[], value: unknown, path: string): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `${path} is no structure`;
  }
  const names = shape[4] as readonly string[];
  const schemas = shape[5] as readonly Schema[];
  const required = (shape[6] ?? 0) as number;
  const given = value as Record<string, unknown>;
  const absent = names.slice(0, required).find((name) => given[name] === undefined);
  if (absent !== undefined) return `${inside(path, absent)} is missing`;
  for (const [name, inner] of Object.entries(given)) {
    const at = names.indexOf(name);
    if (at < 0) return `${inside(path, name)} is not known`;
    const problem = shapeProblem(schemas[at] as Schema, inner, inside(path, name));
    if (problem !== null) return problem;
  }
  return null;
}

/** Null when the value has the shape. */
export function shapeProblem(schema: Schema, value: unknown, path = ''): string | null {
  if (typeof schema === 'function') return shapeProblem(schema(), value, path);
  if (typeof schema === 'number') return simpleProblem(schema, value, path);
  const [kind] = schema;
  if (kind === STRUCTURE) return structureProblem(schema, value, path);
  if (kind === LIST) {
    if (!Array.isArray(value)) return `${path} is no list`;
    return eachProblem(schema[4] as Schema, [...value.entries()], path);
  }
  if (kind === MAP) return eachProblem(schema[5] as Schema, Object.entries(value as object), path);
  return null;
}

/** The shape of this name, out of a client's package. */
export function shapeNamed(sdk: object, name: string): Schema {
  const shape = (sdk as Record<string, Schema>)[`${name}$`];
  if (shape === undefined) throw new Error(`the SDK has no shape ${name}`);
  return shape;
}
