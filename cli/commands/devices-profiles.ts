/** `watchlake devices profiles`: who wears which device. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ListedProfile, ProfileChange } from '../../devices/profiles';
import { parseProfiles } from '../../telemetry/profiles';
import type { DeviceProfiles } from '../../workers/devices';
import { declare, declareGroup, wholeNumber } from '../command';
import { commandLine } from '../follow-run';
import { tellingOfWaits, type Actions, type Shell } from '../shell';
import { unreadableFile } from '../unreadable-file';
import { showFacts, showHeading, showTable } from '../tables';
import { count, type Voice } from '../voice';

type Imported = Awaited<ReturnType<DeviceProfiles['importProfiles']>>;

interface ImportFlags {
  moveDevices: boolean;
  dryRun: boolean;
}

const SHOWN = 20;
const MOST_LISTED = 100_000;

async function withProfiles<T>(
  shell: Shell,
  work: (profiles: DeviceProfiles) => Promise<T>,
): Promise<T> {
  const opened = await shell.services.openDeviceProfiles(shell.config, tellingOfWaits(shell));
  try {
    return await work(opened.profiles);
  } finally {
    await opened.close();
  }
}

async function readProfiles(file: string) {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw unreadableFile(file, error);
  }
  return parseProfiles(text);
}

const describeFields = ({ kind, fields }: ProfileChange): string =>
  kind === 'added' ? '' : fields.join(', ');

/** Whoever had the device before may have its token. */
function noteTokens(voice: Voice, shell: Shell): void {
  const rotating = commandLine(shell, 'devices token rotate <device>');
  voice.line();
  voice.line(`  A device's token goes with it and stays valid: \`${rotating}\` makes a new one.`);
}

function showImport(
  voice: Voice,
  shell: Shell,
  done: Imported,
  { dryRun, moveDevices }: ImportFlags,
): void {
  showHeading(voice, dryRun ? 'Would be imported' : 'Imported');
  showFacts(voice, {
    profiles: count(done.profiles),
    added: count(done.added),
    changed: count(done.changed),
    'passed to another person': done.moved > 0 ? voice.colors.yellow(count(done.moved)) : null,
    unchanged: count(done.unchanged),
    'of erased people, or for devices of theirs, left out':
      done.withdrawn > 0 ? count(done.withdrawn) : null,
    'dates to be aggregated again': count(done.dates),
  });
  const changes = done.changes.filter(({ kind }) => kind !== 'added');
  if (changes.length === 0) return;
  voice.line();
  const rows = changes
    .slice(0, SHOWN)
    .map((each) => [each.deviceId, each.kind, describeFields(each)]);
  showTable(voice, [{ title: 'device' }, { title: '' }, { title: 'what differs' }], rows);
  const more = changes.length - rows.length;
  if (more > 0) voice.line(voice.colors.dim(`  and ${count(more)} more`));
  if (done.moved === 0) return;
  noteTokens(voice, shell);
  if (dryRun && !moveDevices)
    voice.line('  Without --move-devices nothing of it is imported, as devices would pass on.');
}

function addImport(group: Command, act: Actions): void {
  declare(group, {
    usage: 'import <file>',
    about:
      'Takes profiles from a JSON file: new ones, and what has changed of those that are known.',
    examples: [
      'devices profiles import profiles.json --dry-run',
      'devices profiles import profiles.json',
    ],
    more: 'The file: [{"user_id", "device_id", "user_email", "gender", "age", "time_zone", "step_counter"}]; docs/devices.md describes it.',
  })
    .option('--dry-run', 'only say what would change', false)
    .option(
      '--move-devices',
      'let devices pass to other people, with all that they have ever told',
      false,
    )
    .action(
      act(async (shell, file: string, flags: ImportFlags) => {
        const { moveDevices, dryRun } = flags;
        const profiles = await readProfiles(file);
        const done = await withProfiles(shell, ({ importProfiles }) =>
          importProfiles(profiles, { moveDevices, dryRun }),
        );
        return {
          result: { dryRun, ...done },
          show: (voice) => showImport(voice, shell, done, flags),
        };
      }),
    );
}

function showProfiles(
  voice: Voice,
  shell: Shell,
  profiles: readonly ListedProfile[],
  personal: boolean,
): void {
  if (profiles.length === 0) {
    const importing = commandLine(shell, 'devices profiles import <file>');
    return voice.line(`There are no profiles; \`${importing}\` takes them.`);
  }
  const more = personal ? ['e-mail', 'gender', 'age'] : [];
  const titles = ['person', 'device', 'time zone', 'steps', ...more];
  showHeading(voice, 'Profiles');
  showTable(
    voice,
    titles.map((title) => ({ title })),
    profiles.map((each) => [
      ...[each.userId, each.deviceId, each.timeZone, each.stepCounter],
      ...(personal ? [each.userEmail ?? '–', each.gender ?? '–', String(each.age ?? '–')] : []),
    ]),
  );
}

const withoutPersonal = ({
  userEmail: _email,
  gender: _gender,
  age: _age,
  ...rest
}: ListedProfile) => rest;

interface ListFlags {
  personal: boolean;
  limit: number;
}

function addList(group: Command, act: Actions): void {
  declare(group, {
    usage: 'list',
    about: 'Shows who wears which device.',
    examples: ['devices profiles list', 'devices profiles list --personal --limit 10'],
  })
    .option('--personal', 'with e-mail address, gender and age', false)
    .option('--limit <n>', 'most that are shown', wholeNumber(1, MOST_LISTED), 1_000)
    .action(
      act(async (shell, { personal, limit }: ListFlags) => {
        const all = await withProfiles(shell, ({ listProfiles }) =>
          // One more than is shown tells whether there are more.
          listProfiles({ limit: limit + 1 }),
        );
        const found = all.slice(0, limit);
        const truncated = all.length > limit;
        if (truncated) {
          shell.notes.line(
            `There are more profiles than ${count(limit)}: raise --limit to see them.`,
          );
        }
        const profiles = personal ? found : found.map(withoutPersonal);
        return {
          result: { profiles, truncated },
          show: (voice) => showProfiles(voice, shell, found, personal),
        };
      }),
    );
}

export function addDevicesProfiles(group: Command, act: Actions): void {
  const profiles = declareGroup(group, {
    usage: 'profiles',
    about: 'Who wears which device, in which time zone.',
    examples: ['devices profiles list'],
  });
  addImport(profiles, act);
  addList(profiles, act);
}
