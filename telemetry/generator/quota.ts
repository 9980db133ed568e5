/** Chooses a share of what comes by: as many as the share says, at places that chance says. */
import type { Random } from '../../core/random';

/** One of each `1 / share` in a row, so that the number is known and no rhythm can arise. */
export function createQuota(random: Random, share: number): () => boolean {
  let seen = 0;
  let block = 0;
  const chosen = () => Math.floor((block + random()) / share);
  let next = share > 0 ? chosen() : Infinity;
  return () => {
    const isChosen = seen === next;
    seen += 1;
    if (isChosen) {
      block += 1;
      next = Math.max(chosen(), seen);
    }
    return isChosen;
  };
}
