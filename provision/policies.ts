/** Every statement of every policy that is made, each scoped to the lake's own resources. */
import { arnsOf, type Arns } from './arns';
import { engineStatements } from './engine-statements';
import { keyStatements } from './lake-key';
import { jobStatements, workerStatements } from './lake-statements';
import { namesOf, type AccountFacts, type Target } from './target';
import type { Statement } from './policy-document';

const EMR_LOGS = 'logs/emr/';

const glueLogs = (arns: Arns): Statement => ({
  sid: 'WriteLogs',
  purpose: 'Glue writes the output of a job to its own log groups.',
  actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
  resources: [arns.glueLogs],
});

const emrLogs = (arns: Arns): Statement => ({
  sid: 'WriteLogs',
  purpose: 'The cluster writes the logs of its steps beside the lake.',
  actions: ['s3:PutObject'],
  resources: [arns.objects(`${EMR_LOGS}*`)],
});

/** Besides AmazonEMRServicePolicy_v2, which passes only the role that EMR itself makes. */
const passInstanceRole = (target: Target, arns: Arns): Statement => ({
  sid: 'PassInstanceRole',
  purpose: "Gives the cluster's machines their own role, and no other role to anything else.",
  actions: ['iam:PassRole'],
  resources: [arns.role(namesOf(target).emrInstanceRole)],
  conditions: { StringLike: { 'iam:PassedToService': 'ec2.amazonaws.com*' } },
});

const SERVICE_NAMES = {
  glue: 'glue.amazonaws.com',
  emr: 'elasticmapreduce.amazonaws.com',
  ec2: 'ec2.amazonaws.com',
} as const;

/** Who may take a role: one service, and only for this account. */
function trust(service: keyof typeof SERVICE_NAMES, { account }: AccountFacts): Statement {
  const own = { StringEquals: { 'aws:SourceAccount': account } };
  return {
    sid: 'TakeTheRole',
    purpose: `Only ${SERVICE_NAMES[service]} may take the role${service === 'ec2' ? '' : ', and only for this account'}.`,
    actions: ['sts:AssumeRole'],
    resources: [],
    principal: { Service: SERVICE_NAMES[service] },
    // EC2 names no source account when it hands a role to a machine.
    ...(service === 'ec2' ? {} : { conditions: own }),
  };
}

/** On the bucket itself, for everybody. */
const secureTransport = (arns: Arns): Statement => ({
  sid: 'OnlyOverTls',
  purpose: 'Refuses whoever speaks to the bucket without TLS, whatever else allows it.',
  effect: 'Deny',
  principal: '*',
  actions: ['s3:*'],
  resources: [arns.bucket, `${arns.bucket}/*`],
  conditions: { Bool: { 'aws:SecureTransport': 'false' } },
});

export interface Policies {
  readonly bucket: readonly Statement[];
  readonly glue: { readonly trust: readonly Statement[]; readonly lake: readonly Statement[] };
  readonly emr: { readonly trust: readonly Statement[]; readonly pass: readonly Statement[] };
  readonly emrInstance: {
    readonly trust: readonly Statement[];
    readonly lake: readonly Statement[];
  };
  readonly worker: readonly Statement[];
}

export function policiesOf(target: Target, facts: AccountFacts): Policies {
  const arns = arnsOf(target, facts);
  const job = [...jobStatements(target, arns), ...keyStatements(facts)];
  return {
    bucket: [secureTransport(arns)],
    glue: { trust: [trust('glue', facts)], lake: [...job, glueLogs(arns)] },
    emr: { trust: [trust('emr', facts)], pass: [passInstanceRole(target, arns)] },
    emrInstance: { trust: [trust('ec2', facts)], lake: [...job, emrLogs(arns)] },
    worker: [...workerStatements(arns), ...engineStatements(target, arns)],
  };
}

/** AWS's own policy for the service role; it acts only on what carries EMR's tag. */
export const emrServicePolicy = ({ partition }: AccountFacts): string =>
  `arn:${partition}:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2`;
