/** Decides which version a rollback goes back to. */

export interface MoveStep {
  to: string;
  outcome: string;
}

export const ROLLBACK = 'rollback';

/**
 * The version that the alias had before its present one. Rollbacks undo: two in a row go two steps
 * back, instead of to and fro between the same two versions.
 */
export function previousVersion(moves: readonly MoveStep[]): string | null {
  const stack: string[] = [];
  for (const { to, outcome } of moves) {
    if (outcome === ROLLBACK) stack.pop();
    else stack.push(to);
  }
  return stack.at(-2) ?? null;
}
