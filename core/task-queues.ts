/** Task queues by kind of work, so that each kind is scaled on its own. */
export const TASK_QUEUES = {
  /** Workflows, and activities that answer within seconds. */
  orchestration: 'orchestration',
  /** Ingest, table builds and whatever else reads or writes much data. */
  data: 'data',
  /** Training and scoring of models. */
  training: 'training',
  /** Long-running readers and writers of Kafka topics. */
  streaming: 'streaming',
} as const;

export type TaskQueue = (typeof TASK_QUEUES)[keyof typeof TASK_QUEUES];

export const ALL_TASK_QUEUES: readonly TaskQueue[] = Object.values(TASK_QUEUES);
