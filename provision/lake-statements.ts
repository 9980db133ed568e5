/** What jobs and workers may do with the lake. */
import type { Arns } from './arns';
import type { Statement } from './policy-document';
import { keyIn, type Target } from './target';

const STEDI_FOLDERS = ['customer', 'accelerometer', 'step_trainer', 'machine_learning'];

// The folders of the lake that hold tables; the others (plans, labels, models, catalogue) are the worker's alone.
const TABLE_FOLDERS = ['landing', 'trusted', 'curated', ...STEDI_FOLDERS];
// What a job is told, and what it answers.
const JOBS = 'jobs';
const JOB_CODE = 'code/';

// Folders of the tables that jobs build; what has landed lies beside them.
const BUILT_FOLDERS = [
  ...['trusted', 'curated', 'customer/trusted', 'customer/curated', 'accelerometer/trusted'],
  ...['step_trainer/trusted', 'machine_learning/curated'],
];
// Of a snapshot; its manifest and the marks of its use are the worker's.
const WRITTEN_FOLDERS = ['data', 'quarantine'];

/** Other datasets of the format `stedi` have a folder of their own each. */
const readFolders = ({ datasets = [] }: Target): string[] => [
  ...TABLE_FOLDERS,
  ...datasets.flatMap((dataset) => STEDI_FOLDERS.map((folder) => `${dataset}/${folder}`)),
  JOBS,
];

// A policy has a limit: of other datasets it tells neither the tables nor the folders of a snapshot one by one. What lies
// in a folder of a snapshot is a job's, what lies beside those folders the worker's.
const writtenKeys = ({ datasets = [] }: Target): string[] => [
  ...BUILT_FOLDERS.flatMap((built) => WRITTEN_FOLDERS.map((folder) => `${built}/*/${folder}/*`)),
  ...datasets.flatMap((dataset) => [`${dataset}/*/trusted/*/*/*`, `${dataset}/*/curated/*/*/*`]),
];

/** What a Spark job needs, on Glue as on EMR: it reads and writes tables, and publishes none. */
export function jobStatements(target: Target, arns: Arns): Statement[] {
  const folders = readFolders(target);
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
      purpose: 'Reads what it is told, and the inputs of a table, in every zone.',
      actions: ['s3:GetObject'],
      resources: folders.map((name) => arns.objects(`${name}/*`)),
    },
    {
      sid: 'WriteTables',
      purpose:
        'Writes the files of a new snapshot, and takes away those that are not to stay; what has landed is out of reach, and versions cannot be deleted.',
      actions: [
        ...['s3:PutObject', 's3:DeleteObject'],
        ...['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      ],
      resources: writtenKeys(target).map((keys) => arns.objects(keys)),
    },
    {
      sid: 'MarkFolders',
      purpose:
        'EMRFS, which Glue 5.0 and releases of EMR before 7.10 read and write S3 with, keeps an empty object for each folder; nothing else is named so.',
      actions: ['s3:GetObject', 's3:PutObject'],
      resources: [arns.objects('*_$folder$')],
    },
    {
      sid: 'Answer',
      purpose: 'Says how it went; its claim, its choice and its manifest cannot be changed.',
      actions: ['s3:PutObject'],
      resources: [arns.objects(`${JOBS}/*/result-*.json`)],
    },
    {
      sid: 'ReadCode',
      purpose: 'Loads the runner that the worker has put beside the lake.',
      actions: ['s3:GetObject'],
      resources: [arns.objects(`${JOB_CODE}*`)],
    },
  ];
}

/** For whoever runs the worker and the command line; nothing makes it, docs/aws.md says how to use it. */
export function workerStatements(arns: Arns): Statement[] {
  return [
    {
      sid: 'ListTheLake',
      purpose:
        'Lists snapshots, releases and old versions, finds uploads to resume, and looks whether versions are kept.',
      actions: [
        ...['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketVersions'],
        ...['s3:ListBucketMultipartUploads', 's3:GetBucketVersioning'],
      ],
      resources: [arns.bucket],
    },
    {
      sid: 'UseTheLake',
      purpose:
        'Reads and writes the lake, marks objects as retired, and removes every version of an erased person.',
      actions: [
        ...['s3:GetObject', 's3:PutObject', 's3:PutObjectTagging', 's3:GetObjectTagging'],
        ...['s3:DeleteObject', 's3:DeleteObjectVersion'],
        ...['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      ],
      resources: [arns.objects('*')],
    },
    {
      sid: 'PublishTables',
      purpose: 'Makes the databases and tables of the catalogue, and moves their pointers.',
      actions: [
        ...['glue:GetDatabase', 'glue:CreateDatabase'],
        ...['glue:GetTable', 'glue:GetTables', 'glue:GetPartitions'],
        ...['glue:CreateTable', 'glue:UpdateTable'],
      ],
      resources: arns.catalog,
    },
    {
      sid: 'FindDatabases',
      purpose: 'Finds the databases that hold tables of ours; Glue names all of them or none.',
      actions: ['glue:GetDatabases'],
      resources: arns.database('*'),
    },
    {
      sid: 'OpenTheCatalogue',
      purpose: 'Athena asks for the database `default` as well, whichever a query is about.',
      actions: ['glue:GetDatabase', 'glue:CreateDatabase'],
      resources: arns.database('default'),
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
