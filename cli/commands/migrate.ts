/** `watchlake migrate`: brings the database to this version, where `up` does not do it. */
import type { Command } from 'commander';
import { declare } from '../command';
import { tellingOfWaits, type Actions } from '../shell';
import { counted } from '../voice';

export function addMigrate(program: Command, act: Actions): void {
  declare(program, {
    usage: 'migrate',
    about: 'Brings the database to this version: runs the migrations that it lacks, each once.',
    examples: ['migrate'],
    more: '`watchlake up` does it by itself. It is for databases whose workers run elsewhere; those start after it.',
  }).action(
    act(async (shell) => {
      const { services, config } = shell;
      const migrations = await services.migrate(config, tellingOfWaits(shell));
      return {
        result: { migrations },
        show: (voice) => {
          if (migrations.length === 0) voice.line('The database is of this version already.');
          else
            voice.line(`Ran ${counted(migrations.length, 'migration')}: ${migrations.join(', ')}`);
        },
      };
    }),
  );
}
