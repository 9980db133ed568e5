/** What a benchmark's result says of the day and the machine. */
import { cpus, totalmem } from 'node:os';

export interface Circumstances {
  /** YYYY-MM-DD, UTC. */
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGiB: number };
}

export const circumstances = (): Circumstances => ({
  date: new Date().toISOString().slice(0, 10),
  machine: {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  },
});
