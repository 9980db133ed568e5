/** What jobs and workers may do with the lake. */
import type { Arns } from './arns';
import type { Statement } from './policy-document';
import { keyIn, type Target } from './target';

const STEDI_FOLDERS = ['customer', 'accelerometer', 'step_trainer', 'machine_learning'];

// The folders of the lake that hold tables; the others (labels, models, catalogue) are the worker's alone.
const TABLE_FOLDERS = [
  ...['landing', 'trusted', 'curated', 'refresh'],
  ...STEDI_FOLDERS,
  // What a job is told, and what it answers.
  'jobs',
];
const JOB_CODE = 'code/';

/** Other datasets of the format `stedi` have a folder of their own each. */
const tableFolders = ({ datasets = [] }: Target): string[] => [
  ...TABLE_FOLDERS,
  ...datasets.flatMap((dataset) => STEDI_FOLDERS.map((folder) => `${dataset}/${folder}`)),
];

/** What a Spark job needs, on Glue as on EMR: it reads and writes tables, and publishes none. */
export function jobStatements(target: Target, arns: Arns): Statement[] {
  const folders = tableFolders(target);
  const tables = folders.map((name) => arns.objects(`${name}/*`));
  const prefixes = folders.map((name) => `${keyIn(target, name)}/*`);
  return [
    {
      sid: 'FindTheBucket',
      purpose: 'The S3 client asks for the region of the bucket before it reads.',
      actions: ['s3:GetBucketLocation'],
      resources: [arns.bucket],
    },
    {
      sid: 'ListTables',
      purpose: 'Spark lists the files of a snapshot; other folders of the bucket stay hidden.',
      actions: ['s3:ListBucket'],
      resources: [arns.bucket],
      conditions: { StringLike: { 's3:prefix': prefixes } },
    },
    {
      sid: 'ReadTables',
      purpose: 'Reads the inputs of a table, in every zone.',
      actions: ['s3:GetObject'],
      resources: tables,
    },
    {
      sid: 'WriteTables',
      purpose:
        'Writes a new snapshot and takes away what an attempt left behind; versions cannot be deleted.',
      actions: [
        ...['s3:PutObject', 's3:DeleteObject'],
        ...['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      ],
      resources: tables,
    },
    {
      sid: 'ReadCode',
      purpose: 'Loads the runner that the worker has put beside the lake.',
      actions: ['s3:GetObject'],
      resources: [arns.objects(`${JOB_CODE}*`)],
    },
    {
      sid: 'ReadCatalogue',
      purpose: 'Looks tables up; moving a pointer is left to the worker, after the checks.',
      actions: ['glue:GetDatabase', 'glue:GetTable', 'glue:GetTables', 'glue:GetPartitions'],
      resources: arns.catalog,
    },
  ];
}

/** For whoever runs the worker and the command line; nothing makes it, docs/aws.md says how to use it. */
export function workerStatements(arns: Arns): Statement[] {
  return [
    {
      sid: 'ListTheLake',
      purpose: 'Lists snapshots, releases and old versions, and finds uploads to resume.',
      actions: [
        ...['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketVersions'],
        's3:ListBucketMultipartUploads',
      ],
      resources: [arns.bucket],
    },
    {
      sid: 'UseTheLake',
      purpose:
        'Reads and writes the lake, marks objects as retired, and removes every version of an erased person.',
      actions: [
        ...['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject', 's3:PutObjectTagging'],
        ...['s3:GetObjectTagging', 's3:DeleteObject', 's3:DeleteObjectVersion'],
        ...['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      ],
      resources: [arns.objects('*')],
    },
    {
      sid: 'PublishTables',
      purpose: 'Makes the databases and tables of the catalogue, and moves their pointers.',
      actions: [
        ...['glue:GetDatabase', 'glue:GetDatabases', 'glue:CreateDatabase'],
        ...['glue:GetTable', 'glue:GetTables', 'glue:GetPartitions'],
        ...['glue:CreateTable', 'glue:UpdateTable'],
      ],
      resources: arns.catalog,
    },
    {
      sid: 'Query',
      purpose: 'Runs, follows and stops queries in this workgroup, whose byte limit holds.',
      actions: [
        ...['athena:StartQueryExecution', 'athena:GetQueryExecution', 'athena:GetQueryResults'],
        ...['athena:StopQueryExecution', 'athena:GetWorkGroup'],
      ],
      resources: [arns.workgroup],
    },
    {
      sid: 'LookThroughQueries',
      purpose: 'Looks, for the proof of an erasure, whether the text of a query names the person.',
      actions: ['athena:ListQueryExecutions', 'athena:BatchGetQueryExecution'],
      resources: [arns.workgroup],
    },
  ];
}
