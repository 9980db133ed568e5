/** Who was recorded at the same moments on another watch, and who is the same person under another name. */
import { createRandom, normal } from '../../../core/random';
import { parallelWatches } from '../../../models/parallel-watches';

const COLUMNS = 8;
const MOMENTS = 12;

const random = createRandom(3);
const drawn = (): number[][] =>
  Array.from({ length: MOMENTS }, () => Array.from({ length: COLUMNS }, () => normal(random)));

/** Ann's windows, then those of the other, at the same moments. */
function isParallel(ann: readonly number[][], other: readonly number[][]): boolean {
  const of = (name: string) => Array.from({ length: MOMENTS }, () => name);
  const moments = Array.from({ length: MOMENTS }, (_, at) => at * 2000);
  const others = parallelWatches({
    features: Float32Array.from([...ann, ...other].flat()),
    labels: [...of('walk'), ...of('walk')],
    groups: [...of('ann'), ...of('bea')],
    blocks: [...of('watch'), ...of('watch')],
    startsMs: [...moments, ...moments],
  })('ann');
  return others(MOMENTS);
}

test('a watch that has recorded something else at these moments is another', () => {
  expect(isParallel(drawn(), drawn())).toBe(true);
});

test('a copy under another name is none, also one that was rounded', () => {
  const ann = drawn();
  const noisy = (size: number) =>
    ann.map((row) => row.map((value) => value + size * normal(random)));
  expect(isParallel(ann, ann)).toBe(false);
  expect(isParallel(ann, noisy(0.02))).toBe(false);
  expect(isParallel(ann, noisy(1))).toBe(true);
});
