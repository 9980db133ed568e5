/** Which keys a lake may have. */

/** A key names something inside the lake, and the same thing in every store. */
export function checkKey(key: string): string {
  const unsafe =
    key.startsWith('/') || key.split('/').some((part) => part === '..' || part === '.');
  if (key === '' || unsafe) throw new Error(`not a key of the lake: ${key}`);
  return key;
}
