/** Decides which version a rollback goes back to. */

export interface MoveStep {
  to: string;
  outcome: string;
}

export const ROLLBACK = 'rollback';

/**
 * The version that the alias had before its present one, among those that can still be used. Rollbacks
 * undo: two in a row go two steps back, instead of to and fro between the same two versions.
 */
export function previousVersion(
  moves: readonly MoveStep[],
  usable: ReadonlySet<string>,
): string | null {
  const stack: string[] = [];
  for (const { to, outcome } of moves) {
    if (outcome === ROLLBACK) undo(stack, to);
    else stack.push(to);
  }
  const present = stack.pop();
  return stack.findLast((version) => version !== present && usable.has(version)) ?? null;
}

/** More than one step where versions in between could not be used any more. */
function undo(stack: string[], to: string): void {
  do stack.pop();
  while (stack.length > 0 && stack.at(-1) !== to);
}
