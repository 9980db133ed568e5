/** `watchlake generate`: makes recordings that are alike to those of a dataset. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { shellWord } from '../../core/shell-word';
import type { SyntheticArchive, SyntheticProgress } from '../../lakehouse/synthetic/generate';
import {
  DEFAULT_SYNTHETIC,
  SYNTHETIC_LIMITS,
  type SyntheticOptions,
} from '../../lakehouse/synthetic/options';
import { declare, numberBetween, wholeNumber } from '../command';
import { commandLine } from '../follow-run';
import { withProgress, type ProgressLine } from '../progress-line';
import type { Actions } from '../shell';
import { showFacts, showHeading, showTable } from '../tables';
import { bytes, count, duration, type Voice } from '../voice';

interface GenerateFlags extends SyntheticOptions {
  out: string;
}

const USUAL = DEFAULT_SYNTHETIC;
const LIMITS = SYNTHETIC_LIMITS;

const withOptions = (command: Command): Command =>
  command
    .requiredOption('--out <archive>', 'the zip to make; one that is there is not overwritten')
    .option('--people <n>', 'who never were', wholeNumber(...LIMITS.people), USUAL.people)
    .option(
      '--minutes <n>',
      'of recording for each',
      numberBetween(...LIMITS.minutes),
      USUAL.minutes,
    )
    .option(
      '--seed <n>',
      'the same seed and data give the same archive',
      wholeNumber(...LIMITS.seed),
      USUAL.seed,
    )
    .option(
      '--least-people <n>',
      'activities that fewer show are left out',
      wholeNumber(...LIMITS.leastPeople),
      USUAL.leastPeople,
    );

const report =
  (line: ProgressLine) =>
  ({ step, done, of, bytes: written }: SyntheticProgress): void => {
    if (step === 'learning') line.update('learning statistics', `activity ${done + 1} of ${of}`);
    else line.update(`person ${Math.max(1, done)} of ${of}`, bytes(written));
  };

const named = (activity: string): string => (activity === '' ? '(no label)' : activity);

/** Only all is 100 %, and only nothing 0 %: rounded, a great and a small share would be more than all. */
function percent(part: number, whole: number): string {
  if (whole <= 0) return '–';
  const share = (100 * part) / whole;
  const shown = part > 0 && part < whole ? Math.min(99.9, Math.max(0.1, share)) : share;
  return `${shown.toFixed(1)} %`;
}

function showActivities(voice: Voice, { activities }: SyntheticArchive): void {
  const total = activities.reduce((sum, { seconds }) => sum + seconds, 0);
  const made = activities.reduce((sum, { madeSeconds }) => sum + madeSeconds, 0);
  showTable(
    voice,
    [
      { title: 'activity' },
      { title: 'share before', figures: true },
      { title: 'share made', figures: true },
      { title: 'made', figures: true },
      { title: 'learned from', figures: true },
    ],
    activities.map(({ activity, seconds, madeSeconds, people }) => [
      named(activity),
      percent(seconds, total),
      percent(madeSeconds, made),
      duration(madeSeconds),
      `${count(people)} people`,
    ]),
  );
}

export function addGenerate(program: Command, act: Actions): void {
  const command = declare(program, {
    usage: 'generate <dataset>',
    about: 'Makes recordings of people who never were, alike in their statistics to a dataset.',
    examples: [
      'generate watch-exercises --out made.zip',
      'generate wsu --out large.zip --people 200 --minutes 60 --seed 7',
    ],
    more: 'Each channel keeps its distribution, how channels vary together and in time, and how people differ, activity by activity; bouts keep their lengths and what follows what. No sample of a person is copied. The archive is of the format recordings: ingest and refresh it as a dataset of its own, and simulate sends it into Kafka. The stack need not run. docs/formats.md tells more.',
  });
  withOptions(command).action(
    act(async (shell, dataset: string, { out, ...options }: GenerateFlags) => {
      const archive = resolve(out);
      const lake = await shell.services.openLake(shell.config);
      const { people, minutes, seed, leastPeople } = options;
      const generated = await withProgress(shell.notes, (line) =>
        lake.generate({ dataset, archive }, { people, minutes, seed, leastPeople }, report(line)),
      );
      return {
        result: { archive, ...generated },
        show: (voice) => {
          showHeading(voice, `Made ${archive}`);
          showActivities(voice, generated);
          voice.line();
          const { leftOut } = generated;
          showFacts(voice, {
            size: `${bytes(generated.bytes)} in ${bytes(generated.archiveBytes)}`,
            'left out':
              leftOut.length === 0
                ? null
                : `${leftOut.map(named).join(', ')}: fewer than ${leastPeople} people for long enough`,
          });
          const next = commandLine(shell, `ingest ${shellWord(archive)} --dataset ${dataset}-made`);
          voice.line(voice.colors.dim(`  next: ${next}`));
        },
      };
    }),
  );
}
