/** What follows a look at what would be removed: what keeps it from that, or how it is done. */
import type { Shell } from './shell';
import { showHeading } from './tables';
import type { Voice } from './voice';
import { commandsInHome } from './with-home';

interface Ahead {
  readonly inTheWay: readonly string[];
  /** To do first, in words. */
  readonly before?: string;
}

export function showWayOn(
  voice: Voice,
  { homeOption }: Pick<Shell, 'homeOption'>,
  { inTheWay, before }: Ahead,
): void {
  if (inTheWay.length > 0) {
    showHeading(voice, 'In the way');
    for (const what of inTheWay) voice.line(`  ${commandsInHome(what, homeOption)}`);
    return;
  }
  voice.line();
  if (before !== undefined) voice.line(voice.colors.dim(`  ${before}`));
  voice.line(voice.colors.dim('  --yes removes it for good'));
}
