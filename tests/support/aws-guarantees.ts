/**
 * What AWS promises and the emulator leaves out: Glue's optimistic lock, Athena's request tokens and
 * its UpdateWorkGroup, how S3 encrypts. Each says what was checked against the emulator's own code (moto 5.2.5).
 */
import { jsonError, type Answer, type Call, type Guarantee, type Handler } from './aws-gateway';

const parse = ({ body }: { body: string | Buffer }) =>
  JSON.parse(body.toString() || '{}') as Record<string, unknown>;

const like = (call: Call, target: string, body: object): Call => {
  const text = Buffer.from(JSON.stringify(body));
  const headers = {
    ...call.headers,
    'x-amz-target': target,
    'content-length': String(text.length),
  };
  return { ...call, target, body: text, headers };
};

/** One after the other, as the lock needs it. */
function inTurn(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** moto's UpdateTable ignores VersionId; Glue answers ConcurrentModificationException when it is old. */
export function glueVersions(): Guarantee {
  const turn = inTurn();
  return (call, next) => {
    if (call.target !== 'AWSGlue.UpdateTable') return next(call);
    return turn(async () => {
      const { DatabaseName, TableInput, VersionId } = parse(call);
      if (VersionId === undefined) return next(call);
      const { Name } = TableInput as { Name: string };
      const found = await next(like(call, 'AWSGlue.GetTable', { DatabaseName, Name }));
      const table = parse(found)['Table'] as { VersionId?: string } | undefined;
      if (table === undefined || table.VersionId === VersionId) return next(call);
      return jsonError(400, 'ConcurrentModificationException', `Version ${table.VersionId}`);
    });
  };
}

/** moto starts a second query for the same token; Athena answers with the first one's id. */
export function athenaTokens(): Guarantee {
  const known = new Map<string, Promise<Answer>>();
  return (call, next) => {
    if (call.target !== 'AmazonAthena.StartQueryExecution') return next(call);
    const token = String(parse(call)['ClientRequestToken']);
    const answer = known.get(token) ?? next(call);
    known.set(token, answer);
    return answer;
  };
}

async function updateWorkGroup(call: Call, next: Handler): Promise<Answer> {
  const { WorkGroup: Name, Description, ConfigurationUpdates } = parse(call);
  const found = await next(like(call, 'AmazonAthena.GetWorkGroup', { WorkGroup: Name }));
  const group = parse(found)['WorkGroup'] as { Configuration: object; Description: string };
  const { ResultConfigurationUpdates, ...updates } = ConfigurationUpdates as {
    ResultConfigurationUpdates?: object;
  };
  const Configuration = {
    ...group.Configuration,
    ...updates,
    ...(ResultConfigurationUpdates ? { ResultConfiguration: ResultConfigurationUpdates } : {}),
  };
  await next(like(call, 'AmazonAthena.DeleteWorkGroup', { WorkGroup: Name }));
  const made = { Name, Configuration, Description: Description ?? group.Description, Tags: [] };
  return next(like(call, 'AmazonAthena.CreateWorkGroup', made));
}

/** moto has no UpdateWorkGroup: made of what it has; its tags are kept by name. */
export const athenaWorkGroups = (): Guarantee => (call, next) =>
  call.target === 'AmazonAthena.UpdateWorkGroup' ? updateWorkGroup(call, next) : next(call);

/** moto gives all rows at once; Athena gives pages, of `MaxResults` rows at most. */
export const athenaPages = (): Guarantee => async (call, next) => {
  const answer = await next(call);
  if (call.target !== 'AmazonAthena.GetQueryResults') return answer;
  const { MaxResults = 1000, NextToken = '0' } = parse(call) as Record<string, never>;
  const { ResultSet } = parse(answer) as { ResultSet: { Rows: unknown[] } };
  const end = Number(NextToken) + Number(MaxResults);
  const Rows = ResultSet.Rows.slice(Number(NextToken), end);
  const rest = end < ResultSet.Rows.length ? { NextToken: String(end) } : {};
  return { ...answer, body: JSON.stringify({ ResultSet: { ...ResultSet, Rows }, ...rest }) };
};

/** moto has no BatchGetQueryExecution: made of GetQueryExecution, one by one. */
export const athenaBatches = (): Guarantee => async (call, next) => {
  if (call.target !== 'AmazonAthena.BatchGetQueryExecution') return next(call);
  const { QueryExecutionIds } = parse(call) as { QueryExecutionIds: string[] };
  const answers: unknown[] = [];
  for (const QueryExecutionId of QueryExecutionIds) {
    const one = await next(like(call, 'AmazonAthena.GetQueryExecution', { QueryExecutionId }));
    answers.push(parse(one)['QueryExecution']);
  }
  const headers = { 'content-type': 'application/x-amz-json-1.1' };
  return { status: 200, headers, body: JSON.stringify({ QueryExecutions: answers }) };
};

const inXml = (text: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1];

/** moto says of an upload in parts only the encryption that was asked for; S3 also what the bucket chooses. */
export const bucketEncryption = (): Guarantee => async (call, next) => {
  const answer = await next(call);
  const [path = '', query] = call.url.split('?');
  if (call.method !== 'POST' || !/^uploads\b/.test(query ?? '')) return answer;
  if (call.headers['x-amz-server-side-encryption'] !== undefined) return answer;
  const [, bucket = ''] = path.split('/');
  const asked = { ...call, method: 'GET', url: `/${bucket}?encryption`, body: Buffer.alloc(0) };
  const chosen = (await next(asked)).body.toString();
  const [algorithm, key] = [inXml(chosen, 'SSEAlgorithm'), inXml(chosen, 'KMSMasterKeyID')];
  const told = {
    'x-amz-server-side-encryption': algorithm,
    ...(key ? { 'x-amz-server-side-encryption-aws-kms-key-id': key } : {}),
  };
  return algorithm === undefined ? answer : { ...answer, headers: { ...answer.headers, ...told } };
};
