/** Replays recordings of the lake into Kafka, as the devices would have sent them. */
import { proxyActivities } from '@temporalio/workflow';
import type { StreamActivities } from '../activities/stream-activities';
import type { WorkflowInput } from '../activities/inputs';
import { SHORT, STREAMING } from './profiles';
import { tagRun, trackProgress } from './progress';
import { validated } from './validate';

const { simulate } = proxyActivities<StreamActivities>(STREAMING);
const { prepareTopics } = proxyActivities<StreamActivities>(SHORT);

export interface SimulateResult {
  name: string;
  devices: number;
  batches: number;
  samples: number;
  /** Last offset with data by partition of the samples topic: where a reader has seen it all. */
  lastOffsets: Record<string, string>;
}

export async function simulateDevices(
  raw: WorkflowInput<'simulateDevices'>,
): Promise<SimulateResult> {
  const progress = trackProgress();
  const input = await validated('simulateDevices', raw);
  tagRun({ dataset: input.dataset });
  await prepareTopics({});
  progress('sending', { speed: input.speed === 0 ? 'as fast as possible' : `${input.speed}×` });
  const sent = await simulate({
    name: input.name,
    dataset: input.dataset,
    subjectKeys: input.subjects,
    speed: input.speed,
  });
  progress('sent', { devices: sent.devices, samples: sent.samples, batches: sent.batches });
  return { name: input.name, ...sent };
}
