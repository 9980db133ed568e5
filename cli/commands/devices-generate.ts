/** `watchlake devices generate`: makes events, and says what every aggregate must come to be. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Generated } from '../../telemetry/generator/generate';
import type { GeneratorOptions } from '../../telemetry/generator/options';
import { DEFAULT_GENERATOR, DEFAULT_USERS, LIMITS } from '../../telemetry/generator/options';
import { declare, numberBetween, wholeNumber } from '../command';
import { withProgress } from '../progress-line';
import type { Actions } from '../shell';
import { showFacts, showHeading } from '../tables';
import { count, counted, tally, type Voice } from '../voice';

interface GenerateFlags extends Omit<
  GeneratorOptions,
  'devices' | 'everySeconds' | 'duplicateShare' | 'malformedShare' | 'lateShare'
> {
  out: string;
  devices?: number;
  every: number;
  duplicates: number;
  malformed: number;
  late: number;
}

const USUAL = DEFAULT_GENERATOR;
const share = numberBetween(0, 1);
const within = (name: keyof typeof LIMITS) => {
  const [least, most] = LIMITS[name];
  return wholeNumber(least, most);
};

const withOptions = (command: Command): Command =>
  command
    .requiredOption('--out <folder>', 'where the files go; new or empty')
    .option('--users <n>', 'people with a profile', within('users'), DEFAULT_USERS)
    .option(
      '--devices <n>',
      'their devices; a quarter more than people when absent',
      within('devices'),
    )
    .option('--strangers <n>', 'devices without a profile', within('strangers'), USUAL.strangers)
    .option('--from <date>', 'first day, in UTC', USUAL.from)
    .option('--days <n>', 'how many', within('days'), USUAL.days)
    .option(
      '--every <seconds>',
      "between a device's events",
      within('everySeconds'),
      USUAL.everySeconds,
    )
    .option('--duplicates <share>', 'events that are sent twice', share, USUAL.duplicateShare)
    .option(
      '--malformed <share>',
      'lines that are no events, beside the others',
      share,
      USUAL.malformedShare,
    )
    .option(
      '--late <share>',
      'events that arrive one to three days after their moment',
      share,
      USUAL.lateShare,
    )
    .option('--seed <n>', 'the same seed gives the same bytes', within('seed'), USUAL.seed);

function optionsOf(flags: GenerateFlags): Partial<GeneratorOptions> {
  const { users, devices, strangers, from, days, every, seed } = flags;
  const { duplicates, malformed, late } = flags;
  return {
    ...{ users, devices, strangers, from, days, seed },
    everySeconds: every,
    ...{ duplicateShare: duplicates, malformedShare: malformed, lateShare: late },
  };
}

function showGenerated(voice: Voice, folder: string, { counts, options }: Generated): void {
  const { aggregates } = counts;
  showHeading(voice, `Made ${folder}`);
  showFacts(voice, {
    lines: count(counts.lines),
    events: `${count(counts.events)} of ${counted(options.devices + options.strangers, 'device')}, ${count(counts.withoutProfile)} without a profile`,
    late: `${count(counts.late)}, sent one to three days after their moment`,
    duplicates: tally(counts.duplicates),
    malformed: tally(counts.malformed),
    aggregates: `${counted(aggregates.day, 'day')}, ${counted(aggregates.week, 'week')}, ${counted(aggregates.month, 'month')} of ${counted(options.users, 'person', 'people')}`,
  });
}

export function addDevicesGenerate(group: Command, act: Actions): void {
  const command = declare(group, {
    usage: 'generate',
    about: 'Makes events of devices in any number, with every trouble in known amounts.',
    examples: [
      'devices generate --out made --users 20 --days 30',
      'devices generate --out large --users 1000 --days 365 --every 600 --seed 7',
    ],
    more: 'events.jsonl is in the order of arrival; profiles.json says who wears what; expected.json counts all, and has every aggregate of every person.',
  });
  withOptions(command).action(
    act(async (shell, flags: GenerateFlags) => {
      const folder = resolve(flags.out);
      const generated = await withProgress(shell.notes, (line) =>
        shell.services.generateDeviceEvents(folder, optionsOf(flags), (done) =>
          line.update('making events', `day ${count(done)} of ${count(flags.days)}`),
        ),
      );
      return {
        result: { folder, ...generated },
        show: (voice) => showGenerated(voice, folder, generated),
      };
    }),
  );
}
