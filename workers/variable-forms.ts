/** What variables of the environment look like, and how that is said. */
import { z } from 'zod';

export const port = z.coerce.number().int().min(0).max(65_535);
export const flag = z.stringbool();
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

interface JsonSchema {
  type?: string;
  format?: string;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  default?: string | number | boolean | readonly string[];
}

export const schemaOf = (variable: z.ZodType): JsonSchema =>
  z.toJSONSchema(variable, { unrepresentable: 'any' }) as JsonSchema;

const quoted = (value: unknown): string => `\`${String(value)}\``;

function numberForm({ minimum, maximum }: JsonSchema): string {
  if (maximum === undefined || maximum === Number.MAX_SAFE_INTEGER) {
    return minimum === undefined ? 'number' : `number from ${minimum}`;
  }
  return `number from ${minimum ?? 0} to ${maximum}`;
}

/** What a value has to look like, in a few words. */
export function formOf(variable: z.ZodType): string {
  const schema = schemaOf(variable);
  if (schema.enum) return schema.enum.map(quoted).join(', ');
  if (schema.type === 'boolean') return '`true` or `false`';
  if (schema.type === 'integer' || schema.type === 'number') return numberForm(schema);
  if (schema.format === 'uri') return 'address';
  if (schema.type !== 'string') return 'comma-separated list';
  return schema.minLength ? `text, at least ${schema.minLength} characters` : 'text';
}
