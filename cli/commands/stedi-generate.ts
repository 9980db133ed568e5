/** `watchlake stedi generate`: makes data of the format, and says what the tables must come to hold. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EXPECTED_FILE, generateStedi } from '../../lakehouse/stedi/generator/generate';
import type { GeneratorOptions } from '../../lakehouse/stedi/generator/options';
import { DEFAULT_GENERATOR } from '../../lakehouse/stedi/generator/options';
import { declare, numberBetween, wholeNumber } from '../command';
import type { Actions } from '../shell';
import { showFacts, showHeading } from '../tables';
import { counted, tally } from '../voice';

interface GenerateFlags extends Omit<GeneratorOptions, 'malformedShare' | 'sharedSerials'> {
  out: string;
  malformed: number;
  sharedSerials?: number;
}

const USUAL = DEFAULT_GENERATOR;
const share = numberBetween(0, 1);

const withOptions = (command: Command): Command =>
  command
    .requiredOption('--out <folder>', 'where the files go; new or empty')
    .option('--customers <n>', 'people', wholeNumber(1), USUAL.customers)
    .option('--seed <n>', 'the same seed gives the same bytes', wholeNumber(0), USUAL.seed)
    .option('--moments <n>', "moments of each person's readings", wholeNumber(1, 30), USUAL.moments)
    .option('--shared-serials <n>', 'serial numbers that several people claim', wholeNumber(0))
    .option(
      '--malformed <share>',
      'lines that are no rows, beside the others',
      share,
      USUAL.malformedShare,
    )
    .option('--consent-share <share>', 'people who consent to research', share, USUAL.consentShare)
    .option(
      '--late-consent-share <share>',
      'of those, who did when all their readings were over',
      share,
      USUAL.lateConsentShare,
    )
    .option(
      '--without-readings-share <share>',
      'people without any',
      share,
      USUAL.withoutReadingsShare,
    )
    .option(
      '--respelled-share <share>',
      'people written in two spellings',
      share,
      USUAL.respelledShare,
    )
    .option('--lines-per-file <n>', 'lines of a file', wholeNumber(1), USUAL.linesPerFile);

function optionsOf({
  malformed,
  sharedSerials,
  ...flags
}: GenerateFlags): Partial<GeneratorOptions> {
  const { customers, seed, moments, consentShare, lateConsentShare } = flags;
  const { withoutReadingsShare, respelledShare, linesPerFile } = flags;
  return {
    ...{ customers, seed, moments, consentShare, lateConsentShare },
    ...{ withoutReadingsShare, respelledShare, linesPerFile },
    malformedShare: malformed,
    // A few people cannot share as many devices as a thousand can.
    sharedSerials: sharedSerials ?? Math.min(USUAL.sharedSerials, Math.floor(customers / 4)),
  };
}

export function addStediGenerate(group: Command, act: Actions): void {
  const command = declare(group, {
    usage: 'generate',
    about: 'Makes customers and readings of any size, with consent and troubles in known amounts.',
    examples: [
      'stedi generate --out made --customers 1000',
      'stedi generate --out large --customers 200000 --seed 7 --malformed 0.01',
    ],
    more: `${EXPECTED_FILE} beside the data says how many rows each table must come to have, for each --consent and --association of stedi run.`,
  });
  withOptions(command).action(
    act(async (_shell, flags: GenerateFlags) => {
      const folder = resolve(flags.out);
      const generated = await generateStedi(folder, optionsOf(flags));
      return {
        result: { folder, ...generated },
        show: (voice) => {
          showHeading(voice, `Made ${folder}`);
          const facts = Object.entries(generated.landing).map(([name, { rows, quarantined }]) => [
            name,
            `${counted(rows, 'row')}; ${tally(quarantined)}`,
          ]);
          showFacts(voice, Object.fromEntries(facts) as Record<string, string>);
        },
      };
    }),
  );
}
