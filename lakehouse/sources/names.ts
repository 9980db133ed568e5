/** What the names of a source's files tell: whether they belong to it, and whether they are compressed. */
const GZIP = '.gz';

export const isGzipped = (name: string): boolean => name.toLowerCase().endsWith(GZIP);

export const withoutGzip = (name: string): string =>
  isGzipped(name) ? name.slice(0, -GZIP.length) : name;

/** Whether the file, or what is compressed in it, has one of the endings. */
export const hasEnding = (name: string, endings: readonly string[]): boolean =>
  endings.some((ending) => withoutGzip(name).endsWith(ending));

/** What the file is called for which a web address stands: there blanks and accents are spelled by their bytes. */
export function nameAtAddress(address: string): string {
  const { pathname } = new URL(address);
  const name = pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
