/** What a person does next, as a command to copy. */
import { commandLine } from './follow-run';
import type { Shell } from './shell';
import type { Voice } from './voice';

export function showNext(voice: Voice, shell: Shell, words: string): void {
  voice.line();
  voice.line(voice.colors.dim(`  next: ${commandLine(shell, words)}`));
}
