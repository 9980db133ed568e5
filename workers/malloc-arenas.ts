/**
 * glibc gives threads memory arenas of their own (eight a core), and each keeps much of what it once held.
 * Two of them lower the peak of a bulk ingest by a tenth (bench/results/ingest.md). Other C libraries ignore it.
 */
export const withFewArenas = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  MALLOC_ARENA_MAX: '2',
  ...environment,
});
