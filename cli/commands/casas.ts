/** `watchlake casas generate`: makes smartwatch archives, and says what the tables must come to hold. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { expectedFile, generateCasas } from '../../lakehouse/casas/generator/generate';
import type { GeneratorOptions } from '../../lakehouse/casas/generator/options';
import { DEFAULT_GENERATOR } from '../../lakehouse/casas/generator/options';
import { declare, declareGroup, numberBetween, wholeNumber } from '../command';
import { withProgress } from '../progress-line';
import type { Actions } from '../shell';
import { showFacts, showHeading } from '../tables';
import { bytes, count, tally } from '../voice';

interface GenerateFlags extends Pick<
  GeneratorOptions,
  'participants' | 'hours' | 'seed' | 'dense'
> {
  out: string;
  promptsPerHour: number;
  malformed: number;
  motionMissing: number;
  motionIncomplete: number;
  repeated: number;
  backwards: number;
}

const USUAL = DEFAULT_GENERATOR;
const share = numberBetween(0, 0.2);

const withOptions = (command: Command): Command =>
  command
    .requiredOption('--out <archive>', 'the zip to make; one that is there is not overwritten')
    .option(
      '--participants <n>',
      'people with a watch',
      wholeNumber(1, 100_000),
      USUAL.participants,
    )
    .option('--hours <n>', 'of wear by each', numberBetween(0.01, 400_000), USUAL.hours)
    .option('--seed <n>', 'the same seed gives the same bytes', wholeNumber(0), USUAL.seed)
    .option('--dense', 'place and battery on every row, not only where they were read', USUAL.dense)
    .option(
      '--prompts-per-hour <n>',
      'answers to prompts',
      numberBetween(0, 60),
      USUAL.promptsPerHour,
    )
    .option(
      '--malformed <share>',
      'lines that are no rows, beside the others',
      share,
      USUAL.malformedShare,
    )
    .option('--motion-missing <share>', 'rows without motion', share, USUAL.motionMissingShare)
    .option('--motion-incomplete <share>', 'without an axis', share, USUAL.motionIncompleteShare)
    .option('--repeated <share>', 'rows that are written twice', share, USUAL.repeatedShare)
    .option('--backwards <share>', 'rows before one of their past', share, USUAL.backwardsShare);

const optionsOf = (flags: GenerateFlags): GeneratorOptions => ({
  ...{ participants: flags.participants, hours: flags.hours, seed: flags.seed, dense: flags.dense },
  promptsPerHour: flags.promptsPerHour,
  malformedShare: flags.malformed,
  motionMissingShare: flags.motionMissing,
  motionIncompleteShare: flags.motionIncomplete,
  repeatedShare: flags.repeated,
  backwardsShare: flags.backwards,
});

export function addCasas(program: Command, act: Actions): void {
  const group = declareGroup(program, {
    usage: 'casas',
    about: 'Makes smartwatch archives in the format of the CASAS datasets.',
    examples: ['casas generate --out made.zip'],
  });
  const command = declare(group, {
    usage: 'generate',
    about:
      'Makes an archive of any size, with signals that depend on the activity and troubles in known amounts.',
    examples: [
      'casas generate --out made.zip --participants 12 --hours 3',
      'casas generate --out large.zip --participants 40 --hours 100 --seed 7 --dense',
    ],
    more: 'An hour of one participant is about 8 MB. Beside made.zip, made.expected.json says how many rows each table must come to have, and why the others have none.',
  });
  withOptions(command).action(
    act(async (shell, flags: GenerateFlags) => {
      const archive = resolve(flags.out);
      const generated = await withProgress(shell.notes, (line) =>
        generateCasas(archive, optionsOf(flags), (done) =>
          line.update(
            `participant ${done.participants} of ${flags.participants}`,
            bytes(done.bytes),
          ),
        ),
      );
      const { landing, trusted, bytes: inside, archiveBytes } = generated;
      return {
        result: { archive, ...generated },
        show: (voice) => {
          showHeading(voice, `Made ${archive}`);
          showFacts(voice, {
            size: `${bytes(inside)} in ${bytes(archiveBytes)}`,
            lines: count(generated.lines),
            'no rows': tally(landing.quarantined),
            samples: `${count(trusted.rows)}; ${tally({ ...trusted.dropped, ...trusted.quarantined })}`,
            labelled: tally(trusted.labelled),
            'written down in': expectedFile(archive),
          });
        },
      };
    }),
  );
}
