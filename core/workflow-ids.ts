/** Business ids of workflows: what a run is about is legible from its id. */
export const workflowIds = {
  ingest: (dataset: string, sourceHash: string) => `ingest/${dataset}/${sourceHash}`,
  refreshTables: (dataset: string) => `refresh/${dataset}`,
  trainModel: (model: string, snapshot: string) => `train/${model}/${snapshot}`,
  predictStream: (model: string) => `predict/${model}`,
  simulateDevices: (name: string) => `simulate/${name}`,
  annotationCampaign: (campaign: string) => `annotate/${campaign}`,
  retrain: (model: string) => `retrain/${model}`,
  athenaQuery: (query: string) => `query/${query}`,
  eraseSubject: (subject: string) => `erase/${subject}`,
  provision: (environment: string) => `provision/${environment}`,
  landDeviceEvents: () => 'devices/land',
  aggregateDevices: (grain: string, period: string) => `devices/${grain}/${period}`,
  activeLearningLoop: (name: string) => `loop/${name}`,
} as const;

/** The campaign of a run that was given no name: its id without the prefix, so that the id follows from the name. */
export const campaignOf = (workflowId: string): string => workflowId.replace(/^annotate\//, '');

/** Instead of a range: whatever has changed. */
export const DUE = 'due';
