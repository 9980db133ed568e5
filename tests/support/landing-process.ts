/** Lands events in a process of its own, which ends itself by SIGKILL at a chosen step. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createDeviceLandingActivities } from '../../activities/device-landing-activities';
import { openLake, type Lake } from '../../lakehouse/lake';
import type { Broker } from '../../streaming/ports';
import { deviceTopics } from '../../streaming/topics';
import { connectBroker } from './streams';

export const KILL_POINTS = [
  'files-written',
  'manifest-written',
  'published',
  'letters-begun',
  'letters-sent',
  'letters-marked',
] as const;
export type KillPoint = (typeof KILL_POINTS)[number];

export interface LandingProcessInput {
  readonly topic: string;
  readonly folder: string;
  readonly killAt: KillPoint | null;
}

const die = () => process.kill(process.pid, 'SIGKILL');

function mortalLake(lake: Lake, killAt: KillPoint | null): Lake {
  const { store, catalog } = lake;
  const after = async <T>(work: Promise<T>, isPoint: boolean): Promise<T> => {
    const result = await work;
    if (isPoint) die();
    return result;
  };
  return {
    ...lake,
    store: {
      ...store,
      adopt: (key, file) => after(store.adopt(key, file), killAt === 'files-written'),
      put: (key, body, options) => {
        const isManifest = killAt === 'manifest-written' && key.endsWith('/manifest.json');
        const isMark = killAt === 'letters-marked' && key.endsWith('/dead-letters.json');
        return after(store.put(key, body, options), isManifest || isMark);
      },
    },
    catalog: {
      ...catalog,
      pointer: (of) => catalog.pointer(of),
      publish: (...call) => after(catalog.publish(...call), killAt === 'published'),
    },
  };
}

function mortalBroker(broker: Broker, killAt: KillPoint | null): Broker {
  const openTransactional: Broker['openTransactional'] = async (id) => {
    const producer = await broker.openTransactional(id);
    if (killAt === 'letters-begun') die();
    return {
      ...producer,
      commit: async (...call) => {
        await producer.commit(...call);
        if (killAt === 'letters-sent') die();
      },
    };
  };
  return new Proxy(broker, {
    get: (target, name) => {
      if (name === 'openTransactional') return openTransactional;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

async function land({ topic, folder, killAt }: LandingProcessInput): Promise<void> {
  const broker = connectBroker();
  const { landEvents } = createDeviceLandingActivities({
    lake: mortalLake(openLake({ uri: folder }), killAt),
    broker: mortalBroker(broker, killAt),
    deviceTopics: deviceTopics(topic),
  });
  const input = { dataset: 'devices', maximumEvents: 1_000, lateDays: 1 };
  const landed = await new MockActivityEnvironment().run(() => landEvents(input));
  process.stdout.write(JSON.stringify(landed));
  await broker.close();
}

if (require.main === module) void land(JSON.parse(process.argv[2] ?? '') as LandingProcessInput);
