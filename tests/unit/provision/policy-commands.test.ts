/** What the code asks of AWS and what the worker may do are the same: no call without a right, no right without a need. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../core/project-root';
import { policiesOf } from '../../../provision/policies';

// Whatever runs in a worker or the command line; `provision` itself needs an administrator.
const HOUSES = ['activities', 'cli', 'core', 'lakehouse', 'workers'];
const SERVICES: Record<string, string> = { emr: 'elasticmapreduce' };

const IMPORT = /import (?:type )?\{([^}]*)\} from '@aws-sdk\/(?:client-)?([a-z0-9-]+)';/g;
const COMMAND = /^([A-Z]\w+)Command$|^paginate([A-Z]\w+)$/;

const sources = (house: string): string[] =>
  readdirSync(join(PROJECT_ROOT, house), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(PROJECT_ROOT, house, file), 'utf8'));

function commandsIn(source: string): string[] {
  return [...source.matchAll(IMPORT)].flatMap(([, names = '', client = '']) =>
    names.split(',').flatMap((name) => {
      const [, command, page] = COMMAND.exec(name.trim()) ?? [];
      const found = command ?? page;
      return found === undefined ? [] : [`${SERVICES[client] ?? client}:${found}`];
    }),
  );
}

const COMMANDS = [...new Set(HOUSES.flatMap(sources).flatMap(commandsIn))].sort();

// Where S3 asks for a right that has another name than the command:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
const RIGHTS: Record<string, readonly string[]> = {
  's3:HeadObject': ['s3:GetObject'],
  's3:ListObjectsV2': ['s3:ListBucket'],
  's3:ListObjectVersions': ['s3:ListBucketVersions'],
  's3:ListMultipartUploads': ['s3:ListBucketMultipartUploads'],
  's3:ListParts': ['s3:ListMultipartUploadParts'],
  's3:CreateMultipartUpload': ['s3:PutObject'],
  's3:UploadPart': ['s3:PutObject'],
  's3:UploadPartCopy': ['s3:GetObject', 's3:PutObject'],
  's3:CompleteMultipartUpload': ['s3:PutObject'],
  's3:CopyObject': ['s3:GetObject', 's3:PutObject'],
  // Always of a version.
  's3:DeleteObjects': ['s3:DeleteObjectVersion'],
};

/** What no command of ours is called like, and who needs it. */
const FOR_OTHERS: Record<string, readonly string[]> = {
  // On behalf of whoever asks: https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
  'Athena reads the catalogue': ['glue:GetDatabase', 'glue:GetPartitions'],
  // https://docs.aws.amazon.com/athena/latest/ug/example-policies-workgroup.html
  'Athena looks at the workgroup of a query': ['athena:GetWorkGroup'],
  'Athena looks where the results go': ['s3:GetBucketLocation'],
  'RunJobFlow tells a cluster its tags and how it ends and scales': [
    'elasticmapreduce:AddTags',
    'elasticmapreduce:PutAutoTerminationPolicy',
    'elasticmapreduce:PutManagedScalingPolicy',
  ],
  'CreateJob tags the job': ['glue:TagResource'],
  'clusters and jobs get their roles': ['iam:PassRole'],
};

// `datasets remove` alone, which no workflow calls: with the rights of whoever runs it.
const BY_HAND = ['glue:DeleteTable'];

const worker = policiesOf(
  {
    ...{ environment: 'research', bucket: 'lake', prefix: '' },
    ...{ databases: ['watchlake_watch'], queryLimitGb: 10 },
  },
  { account: '123456789012', region: 'eu-central-1', partition: 'aws', routeTables: [] },
).worker;
const granted = new Set(worker.flatMap(({ actions }) => actions));
const needed = new Set(COMMANDS.flatMap((command) => RIGHTS[command] ?? [command]));

test('the commands of every service are found', () => {
  expect(new Set(COMMANDS.map((command) => command.split(':')[0]))).toEqual(
    new Set(['athena', 'elasticmapreduce', 'glue', 's3']),
  );
  expect(COMMANDS.length).toBeGreaterThan(40);
});

test('the worker may do all that the code asks for, but what is left to a person', () => {
  expect([...needed].filter((action) => !granted.has(action))).toEqual(BY_HAND);
});

test('the worker may do nothing else', () => {
  const known = new Set([...needed, ...Object.values(FOR_OTHERS).flat()]);
  expect([...granted].filter((action) => !known.has(action))).toEqual([]);
});

test('what others need is granted, and is nothing that the code needs itself', () => {
  const others = Object.values(FOR_OTHERS).flat();
  expect(others.filter((action) => !granted.has(action))).toEqual([]);
  expect(others.filter((action) => needed.has(action))).toEqual([]);
});

// Of whatever database one asks for, Glue and Athena look at these as well.
test.each([
  ['glue:GetDatabase', 'database/default'],
  ['glue:CreateDatabase', 'database/default'],
  ['glue:GetDatabases', 'database/*'],
])('%s is granted on %s', (action, resource) => {
  const on = worker.filter(({ actions }) => actions.includes(action)).flatMap((s) => s.resources);
  expect(on).toContain(`arn:aws:glue:eu-central-1:123456789012:${resource}`);
  expect(on).toContain('arn:aws:glue:eu-central-1:123456789012:catalog');
});
