/** `watchlake vacuum`: removes snapshots that nothing refers to any more. */
import type { Command } from 'commander';
import { declare } from '../command';
import { withContext } from '../run-workflow';
import type { Actions } from '../shell';
import { showFacts, showHeading } from '../tables';
import { bytes, count } from '../voice';

interface VacuumFlags {
  dataset?: string;
  yes: boolean;
}

export function addVacuum(program: Command, act: Actions): void {
  declare(program, {
    usage: 'vacuum',
    about: 'Shows which old snapshots nothing refers to any more; removes them with --yes.',
    examples: ['vacuum', 'vacuum --dataset watch-exercises --yes'],
    more: 'Kept is what the catalogue, a model card or a running workflow refers to.',
  })
    .option('--dataset <name>', 'only this dataset; all when absent')
    .option('--yes', 'remove them', false)
    .action(
      act(async (shell, { dataset, yes }: VacuumFlags) =>
        withContext(shell, async (context) => {
          const found = await context.vacuum({ dataset, dryRun: !yes });
          return {
            result: { dryRun: !yes, ...found },
            show: (voice) => {
              showHeading(voice, yes ? 'Removed' : 'Would be removed');
              showFacts(voice, { snapshots: count(found.removed), size: bytes(found.bytes) });
              if (yes || found.removed === 0) return;
              voice.line();
              voice.line(voice.colors.dim('  --yes removes them'));
            },
          };
        }),
      ),
    );
}
