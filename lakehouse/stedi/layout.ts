/** Which files of a source hold customers, accelerometer readings and step readings. */
import { WatchlakeError } from '../../core/errors';
import type { Source, SourceMember } from '../sources/source';
import type { SourceName } from './fields';
import { SOURCE_NAMES } from './fields';

export const EXTENSIONS: readonly string[] = ['.json', '.jsonl', '.ndjson'];

export interface SourceFile {
  readonly source: SourceName;
  readonly member: SourceMember;
}

const baseName = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/** By its folder (`customer/…`, wherever it lies), else by its name (`customer-2023.json`). */
function sourceOf({ name }: SourceMember): SourceName | undefined {
  const folders = name.split('/').slice(0, -1);
  const file = baseName(name);
  return (
    SOURCE_NAMES.find((source) => folders.includes(source)) ??
    SOURCE_NAMES.find((source) => file.startsWith(source))
  );
}

/** ARCHIVE_EMPTY when no file belongs to any of the three. */
export function readSourceFiles({ name, members }: Source): SourceFile[] {
  const files = members.flatMap((member) => {
    const known = EXTENSIONS.some((ending) => member.name.endsWith(ending));
    const source = known ? sourceOf(member) : undefined;
    return source === undefined ? [] : [{ source, member }];
  });
  if (files.length === 0) throw new WatchlakeError('SOURCE_WITHOUT_FILES', { source: name });
  return files.sort((a, b) => (a.member.name < b.member.name ? -1 : 1));
}
