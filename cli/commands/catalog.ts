/** `watchlake catalog`: what is published, in the words of other engines. */
import type { Command } from 'commander';
import { declare, declareGroup } from '../command';
import type { Actions } from '../shell';

interface DdlFlags {
  database?: string;
  lake?: string;
}

export function addCatalog(program: Command, act: Actions): void {
  const group = declareGroup(program, {
    usage: 'catalog',
    about: 'Shows what is published in the words of other engines.',
    examples: ['catalog ddl stedi'],
  });
  declare(group, {
    usage: 'ddl <dataset>',
    about: 'Prints SQL for Athena that makes the published tables of a dataset.',
    examples: ['catalog ddl stedi', 'catalog ddl trial --lake s3://research-lake/watch'],
    more: 'Athena runs one statement at a time. The tables stand for the snapshots published now: with CATALOG=glue they move by themselves, and this is not needed.',
  })
    .option('--database <name>', 'database to make them in; the one of GLUE_DATABASE when absent')
    .option('--lake <uri>', 's3:// address of the lake, when it was copied there')
    .action(
      act(async (shell, dataset: string, { database, lake: uri }: DdlFlags) => {
        const lake = await shell.services.openLake(shell.config);
        const statements = await lake.ddl({ dataset, database, lake: uri });
        return {
          result: { dataset, statements },
          show: (voice) => voice.line(`${statements.join(';\n\n')};`),
        };
      }),
    );
}
