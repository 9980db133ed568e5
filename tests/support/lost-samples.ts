/** What tests of samples that are deleted before they were predicted have in common. */
import type { Broker } from '../../streaming/ports';
import { simulateDevices, type SimulationResult } from '../../streaming/simulator';
import type { TopicNames } from '../../streaming/topics';
import { madeRecordings } from './made-recordings';
import { TEST_DATASET } from './stream-runs';
import { silentLog } from './streams';

const LOST = 'deleted before they were predicted';

/** A log, and what it was told of losses: a broker that has just started is also warned of, as it does not yet know of groups. */
export function lossLog() {
  const losses: unknown[] = [];
  const warn = (message: string, fields?: object) =>
    void (message.includes(LOST) && losses.push(fields));
  return { losses, log: { ...silentLog, warn } };
}

/** Twenty seconds of so many devices, by a simulation of this name. */
export const sendDevices = (
  broker: Broker,
  topics: TopicNames,
  { name, devices }: { name: string; devices: number },
): Promise<SimulationResult> =>
  simulateDevices(
    {
      ...{ broker, log: silentLog },
      source: madeRecordings({ devices, recordings: 1, secondsEach: 20 }),
    },
    { name, dataset: TEST_DATASET, topics, speed: 0 },
  );
