/** The role of a job, in front of an emulator that grants everything: what its policy does not allow is refused. */
import type { Statement } from '../../../provision/policy-document';
import { policiesOf } from '../../../provision/policies';
import type { Answer, Call, Guarantee } from '../aws-gateway';

const ACCOUNT = {
  ...{ account: '123456789012', region: 'eu-central-1', partition: 'aws', routeTables: [] },
};
const BUCKET = 'the-bucket';

/** Of a job of a lake under this prefix, on EMR. */
export const jobStatementsOf = (prefix: string, datasets: string[] = []): readonly Statement[] =>
  policiesOf(
    { environment: 'tests', bucket: BUCKET, prefix, databases: [], datasets, queryLimitGb: 1 },
    ACCOUNT,
  ).emrInstance.lake;

/** As IAM compares them: a star stands for anything, slashes too. */
export function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
}

const listOf = (value: string | readonly string[] = []): readonly string[] =>
  typeof value === 'string' ? [value] : value;

/** `key` is null for what is asked of the bucket itself; `prefix` is that of a listing. */
export interface Request {
  readonly action: string;
  readonly key: string | null;
  readonly prefix?: string;
}

export const allows = (statements: readonly Statement[], { action, key, prefix }: Request) =>
  statements.some(({ actions, resources, conditions }) => {
    const arn = `arn:aws:s3:::${BUCKET}${key === null ? '' : `/${key}`}`;
    const wanted = conditions?.['StringLike']?.['s3:prefix'];
    return (
      actions.includes(action) &&
      resources.some((each) => matches(each, arn)) &&
      (wanted === undefined || listOf(wanted).some((each) => matches(each, prefix ?? '')))
    );
  });

const OF_METHOD: Record<string, string> = {
  ...{ GET: 's3:GetObject', HEAD: 's3:GetObject', PUT: 's3:PutObject', POST: 's3:PutObject' },
  DELETE: 's3:DeleteObject',
};

function ofBucket({ method, body }: Call, query: URLSearchParams): Request[] {
  if (method === 'POST' && query.has('delete')) {
    const keys = [...body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key);
    return keys.map((key) => ({ action: 's3:DeleteObject', key }));
  }
  if (query.has('location')) return [{ action: 's3:GetBucketLocation', key: null }];
  if (query.has('uploads')) return [{ action: 's3:ListBucketMultipartUploads', key: null }];
  return [{ action: 's3:ListBucket', key: null, prefix: query.get('prefix') ?? '' }];
}

/** What S3 asks IAM about a call in path style. */
export function requestsOf(call: Call): Request[] {
  const { pathname, searchParams } = new URL(call.url, 'http://localhost');
  const keyOf = (path: string): string =>
    decodeURIComponent(path).replace(/^\//, '').split('/').slice(1).join('/');
  const key = keyOf(pathname);
  if (key === '') return ofBucket(call, searchParams);
  const copied = call.headers['x-amz-copy-source'];
  const isAbort = call.method === 'DELETE' && searchParams.has('uploadId');
  return [
    { action: isAbort ? 's3:AbortMultipartUpload' : (OF_METHOD[call.method] ?? 'none'), key },
    ...(typeof copied === 'string' ? [{ action: 's3:GetObject', key: keyOf(copied) }] : []),
  ];
}

const denied: Answer = {
  status: 403,
  headers: { 'content-type': 'application/xml' },
  body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
};

/** Refuses, and notes what it has refused. */
export const asRole =
  (statements: readonly Statement[], refused: string[]): Guarantee =>
  async (call, next) => {
    const missing = requestsOf(call).filter((each) => !allows(statements, each));
    if (missing.length === 0) return next(call);
    refused.push(...missing.map(({ action, key, prefix }) => `${action} ${key ?? prefix ?? ''}`));
    return denied;
  };
