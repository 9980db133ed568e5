/** The engines that build tables; the same SQL gives the same content on each. */
export const ENGINE_NAMES = ['duckdb', 'spark', 'emr', 'glue'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** Those that have the work done by a service of AWS, in sessions that somebody has to end. */
const CLOUD_ENGINES = ['emr', 'glue'] as const;
export type CloudEngineName = (typeof CLOUD_ENGINES)[number];

export const isCloudEngine = (name: EngineName | undefined): name is CloudEngineName =>
  (CLOUD_ENGINES as readonly (EngineName | undefined)[]).includes(name);
