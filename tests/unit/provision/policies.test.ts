/** The policies grant what they name and no more: nothing for every resource, nothing by wildcard. */
import { clusterRequest } from '../../../lakehouse/engines/emr/settings';
import { policiesOf } from '../../../provision/policies';
import {
  normalDocument,
  parsedDocument,
  policyDocument,
  type Statement,
} from '../../../provision/policy-document';
import { changesOf } from '../../../provision/resource';
import { resourcesOf } from '../../../provision/resources';
import type { Target } from '../../../provision/target';
import { jobCloudOptions } from '../../support/jobs/cloud-options';

const target: Target = {
  environment: 'research',
  bucket: 'stedi-lake',
  prefix: '',
  databases: ['stedi-human-balance-analytics', 'watchlake_watch'],
  queryLimitGb: 10,
};
const facts = {
  account: '123456789012',
  region: 'eu-central-1',
  partition: 'aws',
  routeTables: [],
};

const policies = policiesOf(target, facts);
const granted: [string, Statement][] = [
  ...policies.glue.lake.map((each): [string, Statement] => ['glue', each]),
  ...policies.emrInstance.lake.map((each): [string, Statement] => ['emr instance', each]),
  ...policies.emr.pass.map((each): [string, Statement] => ['emr', each]),
  ...policies.worker.map((each): [string, Statement] => ['worker', each]),
];

test.each(granted)('%s: $sid names its actions and its resources', (_role, statement) => {
  const { actions, resources, effect = 'Allow', purpose } = statement;
  expect(effect).toBe('Allow');
  expect(purpose).toMatch(/^[A-Z].*\.$/);
  expect(actions.length).toBeGreaterThan(0);
  for (const action of actions) expect(action).toMatch(/^[a-z0-9]+:[A-Z][A-Za-z]+$/);
  // EMR knows no narrower resource for these.
  const isNameless = ['StartClusters', 'FindClusters'].includes(statement.sid);
  for (const resource of isNameless ? [] : resources) {
    expect(resource).toMatch(/^arn:aws:(s3:::stedi-lake|glue|iam|athena|logs|elasticmapreduce)/);
    // Of databases and tables only those that are named, besides what Glue and Athena ask for anyway.
    if (['FindDatabases', 'OpenTheCatalogue'].includes(statement.sid)) {
      expect(resource).toMatch(/:(catalog|database\/(default|\*))$/);
    } else if (
      resource.includes(':glue:') &&
      !/:catalog$|:job\/watchlake-research-\*$/.test(resource)
    ) {
      expect(resource).toMatch(/(database|table)\/(stedi-human-balance-analytics|watchlake_watch)/);
    }
  }
});

test('jobs use the folders of other datasets only where those are named', () => {
  const named = policiesOf({ ...target, prefix: 'lake', datasets: ['trial'] }, facts).glue.lake;
  const of = (sid: string) => named.find((each) => each.sid === sid);
  const { resources = [] } = of('ReadTables') ?? {};
  expect(resources).toContain('arn:aws:s3:::stedi-lake/lake/trial/step_trainer/*');
  expect(resources).not.toContain('arn:aws:s3:::stedi-lake/lake/trial/*');
  const prefixes = of('ListTables')?.conditions?.['StringLike']?.['s3:prefix'];
  expect(prefixes).toContain('lake/trial/customer/*');
  expect(JSON.stringify(policies.glue.lake)).not.toContain('trial');
});

test('jobs may do with the lake the same on Glue as on EMR', () => {
  const [glue, emr] = [policies.glue.lake, policies.emrInstance.lake];
  const withoutLogs = (lake: readonly Statement[]) => lake.filter(({ sid }) => sid !== 'WriteLogs');
  expect(withoutLogs(glue)).toEqual(withoutLogs(emr));
});

test('jobs publish nothing, and have no use for the catalogue', () => {
  for (const { lake } of [policies.glue, policies.emrInstance]) {
    const actions = lake.flatMap((each) => each.actions);
    expect(actions.filter((action) => action.startsWith('glue:'))).toEqual([]);
    expect(actions).not.toContain('s3:DeleteObjectVersion');
  }
});

describe('a key of KMS that the bucket encrypts with', () => {
  const ID = '1234abcd-12ab-34cd-56ef-1234567890ab';
  const OURS = `arn:aws:kms:eu-central-1:123456789012:key/${ID}`;
  const statementsOf = (bucketKey?: string) => {
    const { glue, emrInstance } = policiesOf(target, { ...facts, bucketKey });
    const found = [glue, emrInstance].map(({ lake }) =>
      lake.find(({ sid }) => sid === 'UseTheKey'),
    );
    expect(found[1]).toEqual(found[0]);
    return found[0];
  };

  test.each([
    ['its id', ID, OURS],
    ['its ARN', OURS, OURS],
    [
      'the ARN of one of another account',
      OURS.replace('12345', '99999'),
      OURS.replace('12345', '99999'),
    ],
  ])('by %s is the only one that jobs may use', (_how, named, resource) => {
    expect(statementsOf(named)).toMatchObject({
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: [resource],
    });
    expect(statementsOf(named)).not.toHaveProperty('conditions');
  });

  test.each(['alias/research', 'arn:aws:kms:eu-central-1:123456789012:alias/research'])(
    'is by its alias, %s, whichever key has that',
    (named) => {
      expect(statementsOf(named)).toMatchObject({
        resources: ['arn:aws:kms:eu-central-1:123456789012:key/*'],
        conditions: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/research' } },
      });
    },
  );

  test.each([undefined, 'alias/aws/s3', 'arn:aws:kms:eu-central-1:123456789012:alias/aws/s3'])(
    'needs no right when it is %s: AWS lets the account use its own',
    (named) => expect(statementsOf(named)).toBeUndefined(),
  );

  test('stands in the plan, and nothing else of the policy does', () => {
    const [without, withKey] = [undefined, OURS].map(
      (bucketKey) =>
        resourcesOf(target, { ...facts, bucketKey }).find(({ kind }) => kind === 'role')
          ?.properties ?? {},
    );
    const [change, ...others] = changesOf(withKey ?? {}, without ?? {});
    expect(others).toEqual([]);
    expect(change?.to).toContain(`"Resource":"${OURS}","Sid":"UseTheKey"`);
    expect(change?.to).not.toContain('s3:');
    expect(change?.from).toBe('{"lake":{"Statement":[]}}');
  });
});

test('a role with as many datasets as it may have is one that IAM takes', () => {
  const datasets = Array.from({ length: 8 }, (_, at) => `balance-trial-${at}`);
  const bucketKey = 'alias/the-key-of-the-laboratory';
  const most = policiesOf({ ...target, bucket: 'b'.repeat(40), datasets }, { ...facts, bucketKey });
  for (const { lake } of [most.glue, most.emrInstance]) {
    expect(JSON.stringify(policyDocument(lake)).length).toBeLessThan(10_240);
  }
});

test('clusters are started and used with the tag of the environment alone', () => {
  const conditionOf = (sid: string) => policies.worker.find((each) => each.sid === sid)?.conditions;
  expect(conditionOf('StartClusters')).toEqual({
    StringEquals: { 'elasticmapreduce:RequestTag/watchlake-environment': 'research' },
  });
  expect(conditionOf('UseClusters')).toEqual({
    StringEquals: { 'elasticmapreduce:ResourceTag/watchlake-environment': 'research' },
  });
});

test('whoever starts clusters may give them all that the request says', () => {
  const SAID = {
    AutoTerminationPolicy: 'elasticmapreduce:PutAutoTerminationPolicy',
    ManagedScalingPolicy: 'elasticmapreduce:PutManagedScalingPolicy',
    Tags: 'elasticmapreduce:AddTags',
  };
  const emr = jobCloudOptions(undefined).emr();
  expect(Object.keys(clusterRequest(emr, 'any', {}))).toEqual(
    expect.arrayContaining(Object.keys(SAID)),
  );
  const actionsOf = (sid: string) => policies.worker.find((each) => each.sid === sid)?.actions;
  expect(actionsOf('StartClusters')).toEqual(expect.arrayContaining(Object.values(SAID)));
  // Should AWS look at the cluster that has been made, and not at the request.
  const { Tags: _tags, ...set } = SAID;
  expect(actionsOf('UseClusters')).toEqual(expect.arrayContaining(Object.values(set)));
});

test('only its own service takes a role, and for this account', () => {
  expect(policyDocument(policies.glue.trust)).toEqual({
    Version: '2012-10-17',
    Statement: {
      Sid: 'TakeTheRole',
      Effect: 'Allow',
      Principal: { Service: 'glue.amazonaws.com' },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
    },
  });
});

test('a lake below a prefix is all that its policies reach', () => {
  const below = policiesOf({ ...target, prefix: 'team/lake' }, facts);
  const keys = below.glue.lake.flatMap(({ resources }) => resources);
  const objects = keys.filter((arn) => arn.includes('stedi-lake/'));
  expect(objects.every((arn) => arn.startsWith('arn:aws:s3:::stedi-lake/team/lake/'))).toBe(true);
});

test('documents are equal whatever their spelling', () => {
  const [ours, theirs] = [
    policyDocument(policies.bucket),
    {
      Statement: [
        {
          Condition: { Bool: { 'aws:SecureTransport': ['false'] } },
          Action: ['s3:*'],
          Principal: '*',
          Effect: 'Deny',
          Resource: ['arn:aws:s3:::stedi-lake/*', 'arn:aws:s3:::stedi-lake'],
          Sid: 'OnlyOverTls',
        },
      ],
      Version: '2012-10-17',
    },
  ];
  expect(normalDocument(theirs)).toEqual(ours);
  expect(parsedDocument(JSON.stringify(theirs))).toEqual(ours);
  expect(parsedDocument(encodeURIComponent(JSON.stringify(theirs)))).toEqual(ours);
});

test('documents with another action differ', () => {
  const [statement] = policies.bucket;
  const other = policyDocument([{ ...(statement as Statement), actions: ['s3:GetObject'] }]);
  expect(changesOf({ policy: policyDocument(policies.bucket) }, { policy: other })).toHaveLength(1);
});

test('what is not declared is nobody’s business', () => {
  expect(changesOf({ a: 1 }, { a: 1, b: 2 })).toEqual([]);
  expect(changesOf({ a: 1 }, {})).toEqual([{ property: 'a', from: '–', to: '1' }]);
});

test('declares an endpoint only where there is a VPC', () => {
  const kinds = (vpc?: string) => resourcesOf({ ...target, vpc }, facts).map(({ kind }) => kind);
  expect(kinds()).not.toContain('gateway-endpoint');
  expect(kinds('vpc-1')).toContain('gateway-endpoint');
});
