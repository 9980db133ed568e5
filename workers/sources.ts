/** Where archives come from and how large they may be, as the configuration says: the same for workers and the command line. */
import { join } from 'node:path';
import type { FormatName } from '../lakehouse/dataset-format';
import { formatNamed } from '../lakehouse/formats';
import type { OpenOptions } from '../lakehouse/sources/open-source';
import { forgetDownload, sourceHash } from '../lakehouse/sources/open-source';
import type { Config } from './config';
import { s3Access } from './s3';

export const spoolFolder = ({ WATCHLAKE_HOME }: Pick<Config, 'WATCHLAKE_HOME'>): string =>
  join(WATCHLAKE_HOME, 'downloads');

export const sourceOptions = (
  config: Config,
): Required<Pick<OpenOptions, 'limits' | 'spoolFolder' | 's3'>> => ({
  limits: {
    memberBytes: config.ARCHIVE_LIMIT_BYTES,
    totalBytes: config.ARCHIVE_TOTAL_LIMIT_BYTES,
    downloadBytes: config.DOWNLOAD_LIMIT_BYTES,
  },
  spoolFolder: spoolFolder(config),
  s3: s3Access(config),
});

/** The id of an archive's content. What had to be fetched for it stays where a worker of this home looks for it. */
export function identifySource(
  source: string,
  format: FormatName,
  config: Config,
  telling: Pick<OpenOptions, 'onNote' | 'onProgress' | 'onHashed'> = {},
): Promise<string> {
  const { extensions, catalogTables } = formatNamed(format);
  return sourceHash(source, { ...sourceOptions(config), extensions, catalogTables, ...telling });
}

/** For whoever has identified it on another machine than the worker's; there the worker does it itself. */
export const forgetSource = (source: string, config: Config): Promise<void> =>
  forgetDownload(source, spoolFolder(config));
