/** A dozen random crowds, from each of which a person is erased. */
import { createErasureWorld, type ErasureWorld } from '../support/erasure-world';
import { testRandomErasures } from '../support/erased-people';

jest.setTimeout(20 * 60_000);

let world: ErasureWorld;
beforeAll(async () => {
  world = await createErasureWorld();
});
afterAll(() => world?.close());

testRandomErasures(() => world, { numRuns: 12 });
