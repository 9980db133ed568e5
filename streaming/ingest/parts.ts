/** Counts what a body's JSON is made of without parsing it: of millions of small parts parsing takes seconds. */

const NEWLINE = 0x0a;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const MOST_DEPTH = 100;
/** `[]`, and `"":1` with a comma: none is shorter. */
const [CONTAINER_BYTES, FIELD_BYTES] = [2, 5];

/** As many fields as a text of so many bytes may have. */
export const mostFieldsIn = (bytes: number): number => Math.floor(bytes / FIELD_BYTES);

/** Whether the byte is there more often than so, also within texts. */
function isOftener(body: Buffer, bytes: readonly number[], limit: number): boolean {
  let count = 0;
  for (const byte of bytes)
    for (let at = body.indexOf(byte); at >= 0; at = body.indexOf(byte, at + 1)) {
      count += 1;
      if (count > limit) return true;
    }
  return false;
}

/**
 * Whether lines have more objects and arrays in all, wherever they are nested. No text goes beyond its line, so that one which
 * is not closed hides none of the next. Where brackets are few, as they mostly are, no byte is looked at by itself.
 */
export function haveMoreContainers(body: Buffer, limit: number): boolean {
  if (body.length <= CONTAINER_BYTES * limit) return false;
  if (!isOftener(body, [OPEN_ARRAY, OPEN_OBJECT], limit)) return false;
  let [containers, inString] = [0, false];
  for (let index = 0; index < body.length && containers <= limit; index += 1) {
    const byte = body[index];
    if (byte === NEWLINE) inString = false;
    else if (inString) {
      if (byte === BACKSLASH && body[index + 1] !== NEWLINE) index += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) containers += 1;
  }
  return containers > limit;
}

export interface ArrayParts {
  readonly elements: number;
  /** Objects and arrays, wherever they are nested. */
  readonly containers: number;
  /** Of the element that has most, with those of the objects in it. */
  readonly fields: number;
}

/** Of an array, as far as it is one; null when it is nested endlessly. */
export function partsOfArray(body: Buffer): ArrayParts | null {
  let [depth, inString, commas] = [0, false, 0];
  let [containers, fields, most] = [0, 0, 0];
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index];
    if (inString) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      containers += 1;
      depth += 1;
      if (depth > MOST_DEPTH) return null;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1;
    else if (byte === COLON) fields += 1;
    else if (byte === COMMA && depth === 1) {
      commas += 1;
      most = Math.max(most, fields);
      fields = 0;
    }
  }
  return { elements: commas + 1, containers, fields: Math.max(most, fields) };
}
