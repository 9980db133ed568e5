/** Every activity that a workflow expects heartbeats of sends them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { PROJECT_ROOT } from '../../core/project-root';
import type { TaskQueue } from '../../core/task-queues';
import { activitiesOf } from '../../workers/activities';
import type { Dependencies } from '../../workers/dependencies';
import * as PROFILES from '../../workflows/profiles';

type Profile = Exclude<keyof typeof PROFILES, 'VALIDATION'>;

const PROXY = /const \{([^}]+)\} =\s+proxyActivities<[^>]+>\((\w+)\)/g;

function workflowSources(): string {
  const folder = join(PROJECT_ROOT, 'workflows');
  return readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
}

/** [activity, profile] of every proxy. */
function proxied(): [string, Profile][] {
  const pairs = [...workflowSources().matchAll(PROXY)].flatMap(([, names = '', profile]) =>
    (names.match(/\w+/g) ?? []).map((name) => `${name} ${profile}`),
  );
  return [...new Set(pairs)].map((pair) => pair.split(' ') as [string, Profile]);
}

const expectingHeartbeats = proxied().filter(
  ([, profile]) => PROFILES[profile].heartbeatTimeout !== undefined,
);

test('finds the activities of every profile with heartbeats', () => {
  const proxies = workflowSources().match(/proxyActivities</g) ?? [];
  expect([...workflowSources().matchAll(PROXY)]).toHaveLength(proxies.length);
  expect([...new Set(expectingHeartbeats.map(([, profile]) => profile))].sort()).toEqual([
    'CLEANUP',
    'DATA',
    'ERRANDS',
    'JOINING',
    'STREAMING',
    'TRAINING',
    'WAITING',
  ]);
});

test.each(expectingHeartbeats)('%s is heard of under %s', async (name, profile) => {
  const { taskQueue } = PROFILES[profile] as { taskQueue: TaskQueue };
  // Without any dependency it fails at once; it has been heard of by then.
  const dependencies = { config: { WATCHLAKE_HOME: '' } } as Dependencies;
  const activities = activitiesOf(taskQueue, dependencies) as Record<
    string,
    (input: object) => Promise<unknown>
  >;
  const activity = activities[name];
  if (activity === undefined) throw new Error(`${taskQueue} does not serve ${name}`);
  const info = { heartbeatTimeoutMs: 20_000 };
  const environment = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });
  let beats = 0;
  environment.on('heartbeat', () => (beats += 1));
  await environment.run(activity, {}).catch(() => undefined);
  expect(beats).toBeGreaterThan(0);
});
