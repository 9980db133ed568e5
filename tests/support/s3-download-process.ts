/** Fetches a source from S3 in a process of its own. */
import { downloadFromS3 } from '../../lakehouse/sources/s3';
import type { S3SourceOptions } from '../../lakehouse/sources/s3-spool';

export interface S3DownloadInput {
  readonly source: string;
  readonly options: S3SourceOptions;
}

if (require.main === module) {
  const { source, options } = JSON.parse(process.argv[2] ?? '') as S3DownloadInput;
  void downloadFromS3(source, options);
}
