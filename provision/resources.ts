/** The resources of an environment as data: what is declared here is what `plan` compares and `apply` sets. */
import { RETIRED_TAG } from '../core/aws';
import { emrServicePolicy, policiesOf } from './policies';
import { policyDocument, type Statement } from './policy-document';
import type { DeclaredResource, Json, Properties, ResourceKind } from './resource';
import { keyIn, namesOf, QUERY_RESULTS, type AccountFacts, type Target } from './target';

const INCOMPLETE_DAYS = 7;
const NONCURRENT_DAYS = 30;
const RETIRED_DAYS = 1;
const GB = 1e9;

/** Nothing that is current and in use ever expires. */
const LIFECYCLE: Json = [
  { id: 'incomplete-uploads', filter: 'all', abortUploadsDays: INCOMPLETE_DAYS },
  {
    id: 'noncurrent-versions',
    filter: 'all',
    noncurrentDays: NONCURRENT_DAYS,
    deleteMarkers: true,
  },
  {
    id: 'retired-objects',
    filter: `tag ${RETIRED_TAG.key}=${RETIRED_TAG.value}`,
    expireDays: RETIRED_DAYS,
  },
];

interface RoleParts {
  readonly description: string;
  readonly trust: readonly Statement[];
  readonly inline: Readonly<Record<string, readonly Statement[]>>;
  readonly managed?: readonly string[];
}

const roleProperties = ({ description, trust, inline, managed = [] }: RoleParts): Properties => ({
  description,
  trust: policyDocument(trust),
  policies: Object.fromEntries(
    Object.entries(inline).map(([name, statements]) => [name, policyDocument(statements)]),
  ),
  managedPolicies: managed,
});

function roles(target: Target, facts: AccountFacts): [string, Properties][] {
  const { glue, emr, emrInstance } = policiesOf(target, facts);
  const names = namesOf(target);
  return [
    [
      names.glueRole,
      roleProperties({
        description: `Spark jobs of Watchlake on AWS Glue (${target.environment})`,
        trust: glue.trust,
        inline: { lake: glue.lake },
      }),
    ],
    [
      names.emrInstanceRole,
      roleProperties({
        description: `Machines of Watchlake clusters on EMR (${target.environment})`,
        trust: emrInstance.trust,
        inline: { lake: emrInstance.lake },
      }),
    ],
    [
      names.emrRole,
      roleProperties({
        description: `EMR starts and ends the clusters of Watchlake (${target.environment})`,
        trust: emr.trust,
        inline: { pass: emr.pass },
        managed: [emrServicePolicy(facts)],
      }),
    ],
  ];
}

function bucketProperties(target: Target, facts: AccountFacts): Properties {
  return {
    tag: target.environment,
    versioning: 'Enabled',
    encryption: 'at least SSE-S3',
    publicAccess: 'blocked',
    ownership: 'BucketOwnerEnforced',
    lifecycle: LIFECYCLE,
    policy: policyDocument(policiesOf(target, facts).bucket),
  };
}

const workgroupProperties = (target: Target): Properties => ({
  output: `s3://${target.bucket}/${keyIn(target, QUERY_RESULTS)}`,
  encryption: 'SSE_S3',
  enforced: true,
  bytesLimit: Math.round(target.queryLimitGb * GB),
  metrics: true,
});

/** In the order in which they are made. */
export function resourcesOf(target: Target, facts: AccountFacts): DeclaredResource[] {
  const { environment } = target;
  const declare = (kind: ResourceKind, name: string, properties: Properties): DeclaredResource => ({
    kind,
    name,
    environment,
    properties,
  });
  const { emrInstanceRole, workgroup } = namesOf(target);
  return [
    declare('bucket', target.bucket, bucketProperties(target, facts)),
    ...(target.vpc === undefined
      ? []
      : [declare('gateway-endpoint', target.vpc, { routeTables: facts.routeTables })]),
    ...target.databases.map((name) =>
      declare('database', name, { description: `Tables of Watchlake (${environment})` }),
    ),
    ...roles(target, facts).map(([name, properties]) => declare('role', name, properties)),
    declare('instance-profile', emrInstanceRole, { roles: [emrInstanceRole] }),
    declare('workgroup', workgroup, workgroupProperties(target)),
  ];
}
