/** Stops the stack of the tests and removes its home, after the last of them. */
import { rm } from 'node:fs/promises';
import { shared } from './start-stack';

export default async function stopTestStack(): Promise<void> {
  const stack = shared.watchlakeTestStack;
  if (!stack) return;
  await stack.stop();
  await rm(stack.home, { recursive: true, force: true });
}
