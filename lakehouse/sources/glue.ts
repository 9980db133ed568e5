/** Sources that a Glue catalogue names: tables of JSON lines that somebody else keeps on S3. */
import { GlueClient } from '@aws-sdk/client-glue';
import { awsClientConfig } from '../../core/aws';
import { WatchlakeError } from '../../core/errors';
import { sourceFolder } from '../catalogs/glue-sources';
import { asPrefix, parseS3Address } from '../stores/s3/address';
import type { Bucket } from '../stores/s3/bucket';
import { openBucket } from '../stores/s3/bucket';
import { hasEnding, withoutGzip } from './names';
import { objectsBelow } from './s3';
import type { FoundObject, S3SourceOptions } from './s3-spool';
import { spooled } from './s3-spool';

export interface GlueSourceOptions extends S3SourceOptions {
  /** Usual name of the table by the folder in which its files come to lie. */
  readonly tables: Readonly<Record<string, string>>;
}

export interface GlueAddress {
  readonly database: string;
  /** By folder. */
  readonly tables: Readonly<Record<string, string>>;
}

const ADDRESS = /^glue:\/\/([^/?#\s]+)\/?(?:\?([^#]*))?$/i;
// As Hive does, which the tables were made for.
const HIDDEN = /(^|\/)[._]|_\$folder\$$|\/$/;
const COMPRESSED = /\.(bz2|deflate|lz4|lzo|snappy|zst|zip)$/i;

export const isGlueAddress = (text: string): boolean => /^glue:\/\//i.test(text);

function refused(detail: string): WatchlakeError {
  return new WatchlakeError('INPUT_INVALID', { field: 'source', detail });
}

/** `glue://database`, where tables that have other names follow as `?step_trainer=steps`. */
function parseGlueAddress(text: string, usual: GlueSourceOptions['tables']): GlueAddress {
  const [, database, others = ''] = ADDRESS.exec(text) ?? [];
  if (database === undefined) throw refused(`${text}: give a database, such as glue://raw`);
  const folders = Object.keys(usual);
  if (folders.length === 0) throw refused('this format of data has no tables in a catalogue');
  const tables = { ...usual };
  for (const [folder, table] of new URLSearchParams(others)) {
    if (folders.includes(folder) && table !== '') tables[folder] = table;
    else throw refused(`${folder}=${table}: name tables for ${folders.join(', ')}`);
  }
  return { database, tables };
}

/** The name by which a file is landed: its table says what it is, whatever its ending. */
function memberName(folder: string, name: string, endings: readonly string[]): string {
  const plain = withoutGzip(name);
  const ending = hasEnding(name, endings) ? '' : (endings[0] ?? '');
  return `${folder}/${plain}${ending}${name.slice(plain.length)}`;
}

/** A file of a table, and the name by which it is landed. */
interface NamedFile extends FoundObject {
  readonly file: string;
}

interface SourceTable {
  readonly database: string;
  readonly table: string;
  /** Folder of its files in the source. */
  readonly folder: string;
}

/** Files `a` and `a.json` would both be landed as `a.json`. */
function sameName(files: readonly NamedFile[]): string | null {
  const known = new Map<string, string>();
  for (const { file, name } of files) {
    const other = known.get(name);
    if (other !== undefined) return `${other} and ${file} differ by their ending alone; rename one`;
    known.set(name, file);
  }
  return null;
}

function problemOf(files: readonly NamedFile[], location: string): string | null {
  if (files.length === 0) return `there is no file in ${location}`;
  const compressed = files.find(({ file }) => COMPRESSED.test(file));
  if (compressed === undefined) return sameName(files);
  return `${compressed.file} is compressed in a way that is not read; gzip is`;
}

async function filesOf(
  bucket: Bucket,
  location: string,
  { database, table, folder }: SourceTable,
  options: GlueSourceOptions,
): Promise<FoundObject[]> {
  const isWanted = (name: string): boolean => !HIDDEN.test(name);
  const wanted = { limits: options.limits, isWanted };
  const found = await objectsBelow(
    bucket,
    location,
    asPrefix(parseS3Address(location).key),
    wanted,
  );
  const named = found.map(({ name: file, ...object }): NamedFile => ({
    ...{ ...object, file, name: memberName(folder, file, options.extensions) },
  }));
  const detail = problemOf(named, location);
  if (detail !== null)
    throw new WatchlakeError('CATALOG_SOURCE_UNUSABLE', { database, table, detail });
  return named;
}

/** The path of a folder with the files of all tables; CATALOG_SOURCE_UNUSABLE names a table that cannot be read. */
export async function downloadFromGlue(
  source: string,
  options: GlueSourceOptions,
): Promise<string> {
  const { access } = options;
  const { database, tables } = parseGlueAddress(source, options.tables);
  const glue = new GlueClient(awsClientConfig(access?.aws));
  const buckets: Bucket[] = [];
  const found: FoundObject[] = [];
  try {
    for (const [folder, table] of Object.entries(tables)) {
      const location = await sourceFolder(glue, { database, table });
      const bucket = openBucket({ ...access, bucket: parseS3Address(location).bucket, prefix: '' });
      buckets.push(bucket);
      found.push(...(await filesOf(bucket, location, { database, table, folder }, options)));
    }
    return await spooled(source, found, { ...options, isFolder: true });
  } finally {
    glue.destroy();
    for (const { client } of buckets) client.destroy();
  }
}
