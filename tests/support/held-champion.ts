/** A champion that holds its first windows back, as one on a machine that is too slow would. */
import type { Champion } from '../../streaming/classify';
import { testChampion } from './stream-runs';

export interface HeldChampion {
  readonly champion: Champion;
  /** Resolves once the first windows are there. */
  readonly hasBegun: Promise<void>;
  goOn(): void;
}

export function heldChampion(seed: number): HeldChampion {
  let begun: () => void = () => undefined;
  let goOn: () => void = () => undefined;
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const { classifier, ...champion } = testChampion(seed);
  const slow = {
    ...classifier,
    async predict(...given: Parameters<typeof classifier.predict>) {
      begun();
      await held;
      return classifier.predict(...given);
    },
  };
  return { champion: { ...champion, classifier: slow }, hasBegun, goOn };
}
