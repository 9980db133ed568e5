/** What follows a look at what would be removed: what keeps it from that, or how it is done. */
import { showHeading } from './tables';
import type { Voice } from './voice';

export function showWayOn(voice: Voice, inTheWay: readonly string[], before?: string): void {
  if (inTheWay.length > 0) {
    showHeading(voice, 'In the way');
    for (const what of inTheWay) voice.line(`  ${what}`);
    return;
  }
  voice.line();
  if (before !== undefined) voice.line(voice.colors.dim(`  ${before}`));
  voice.line(voice.colors.dim('  --yes removes it for good'));
}
