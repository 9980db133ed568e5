/** What several variables of the environment look like. */
import { z } from 'zod';

export const port = z.coerce.number().int().min(0).max(65_535);
export const flag = z.stringbool();
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
