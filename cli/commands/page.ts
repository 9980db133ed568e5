/** `watchlake page`: the application page by itself, in the foreground until Ctrl-C. */
import type { Command } from 'commander';
import { declare } from '../command';
import { tellingOfWaits, untilInterrupted, type Actions } from '../shell';
import { showFacts, showHeading } from '../tables';

export function addPage(program: Command, act: Actions): void {
  declare(program, {
    usage: 'page',
    about: 'Runs the application page by itself, until Ctrl-C.',
    examples: ['page'],
    more: '`watchlake up` runs it together with a worker. By itself it is for workers that run elsewhere: WATCHLAKE_APP_URL tells them where it is, and WATCHLAKE_APP_TOKEN one of its APP_TOKENS.',
  }).action(
    act(async (shell) => {
      const page = await shell.services.startPage(shell.config, tellingOfWaits(shell));
      showHeading(shell.notes, 'The application page listens');
      showFacts(shell.notes, { Page: page.url, Health: `${page.url}/healthz` });
      shell.notes.line();
      shell.notes.line('  Ctrl-C stops it.');
      await untilInterrupted(shell);
      await page.close();
      return {
        result: { stopped: true, url: page.url },
        show: (voice) => voice.line('Stopped.'),
      };
    }),
  );
}
