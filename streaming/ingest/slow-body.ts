/** Ends the wait for a body that comes too slowly: what is held for it is wanted by others. */
import type { IngestLimits } from './limits';

export type Pace = Pick<IngestLimits, 'bodyGraceMs' | 'bodyBytesPerSecond'>;

/** What a body of so many bytes may take, from its request's head to its last byte. */
export const allowedMs = ({ bodyGraceMs, bodyBytesPerSecond }: Pace, bytes: number): number =>
  Math.ceil(bodyGraceMs + (bytes / bodyBytesPerSecond) * 1000);

/**
 * Calls back once the bytes that have come are fewer than a link of the least speed would have brought after the grace.
 * What is returned ends the watch.
 */
export function watchPace(pace: Pace, received: () => number, tooSlow: () => void): () => void {
  const startedMs = performance.now();
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const leftMs = startedMs + allowedMs(pace, received()) - performance.now();
    if (leftMs <= 0) tooSlow();
    else timer = setTimeout(look, leftMs).unref();
  };
  look();
  return () => clearTimeout(timer);
}
