/** `watchlake backup` and `restore`: a home as a folder that can be kept elsewhere. */
import type { Command } from 'commander';
import { resolve } from 'node:path';
import { WatchlakeError } from '../../core/errors';
import { shellWord } from '../../core/shell-word';
import { checkBackup, createBackup, leftOvers, type BackupResult } from '../backup/create';
import { checkRestore, restoreBackup, type RestoreResult } from '../backup/restore';
import { declare } from '../command';
import { commandLine } from '../follow-run';
import { withProgress } from '../progress-line';
import type { Actions, Shell } from '../shell';
import { showFacts, showHeading } from '../tables';
import { bytes, count, moment } from '../voice';
import { freshName } from './simulate';
import { onStackProgress, startDetached } from './up';

interface Offline<T> {
  yes: boolean;
  /** What happens to the files meanwhile. */
  until: 'copied' | 'replaced';
  work: (signal: AbortSignal) => Promise<T>;
}

/** Ctrl-C breaks off what can be undone; what was stopped for it is started again before the command ends. */
async function undoable<T>(shell: Shell, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const asked = new AbortController();
  const stop = shell.onInterrupt(() => asked.abort(new WatchlakeError('COPY_STOPPED')));
  try {
    return await work(asked.signal);
  } catch (error) {
    // A stream that is broken off says so in words of its own.
    throw asked.signal.aborted ? asked.signal.reason : error;
  } finally {
    stop();
  }
}

/** Runs the work on files that nothing writes to; what had to be stopped is started again. */
async function whileStopped<T>(shell: Shell, { yes, until, work }: Offline<T>): Promise<T> {
  const home = shell.config.WATCHLAKE_HOME;
  // One that still starts is stopped as well, and nobody else would start it again.
  const running =
    (await shell.services.readState(home)) ?? (await shell.services.supervisorOf(home));
  if (running && !yes) {
    const what = `${home} is running and has to be stopped while its files are ${until}.`;
    throw new WatchlakeError('CONFIRMATION_NEEDED', { what });
  }
  try {
    return await undoable(shell, async (signal) => {
      await withProgress(shell.notes, (line) =>
        shell.services.down({ home, onProgress: onStackProgress(line) }),
      );
      signal.throwIfAborted();
      return work(signal);
    });
  } finally {
    if (running) await startDetached(shell);
  }
}

const backUp = (shell: Shell, target: string, signal: AbortSignal): Promise<BackupResult> =>
  withProgress(shell.notes, (line) =>
    createBackup({
      config: shell.config,
      target,
      signal,
      onProgress: (part) => line.update(`copying ${part}`),
    }),
  );

export function addBackup(program: Command, act: Actions): void {
  declare(program, {
    usage: 'backup [folder]',
    about:
      'Copies lake, database, topics, histories and secrets of the embedded stack into a new folder.',
    examples: ['backup', 'backup /mnt/backups/monday --yes'],
    more: 'The folder holds secrets: keep it as closed as the home. Services that run elsewhere, `.env` and files outside of the home are not part of it: it names them.',
  })
    .option('--yes', 'stop a running stack for the copy, and start it again', false)
    .action(
      act(async (shell, folder: string | undefined, { yes }: { yes: boolean }) => {
        const target = resolve(folder ?? freshName('watchlake-backup'));
        // Nothing is stopped for what cannot be done.
        await checkBackup({ config: shell.config, target });
        for (const left of await leftOvers(target)) {
          shell.notes.line(
            `${left} is of a backup that was killed, and may hold secrets: remove it.`,
          );
        }
        const work = (signal: AbortSignal) => backUp(shell, target, signal);
        const result = await whileStopped(shell, { yes, until: 'copied', work });
        return {
          result,
          show: (voice) => {
            showHeading(voice, 'Backed up');
            showFacts(voice, {
              folder: result.target,
              parts: result.parts.join(', '),
              files: count(result.files),
              size: bytes(result.bytes),
              'not included': result.notIncluded.join(', ') || null,
            });
            voice.line();
            const back = commandLine(shell, `restore ${shellWord(result.target)}`);
            voice.line(voice.colors.dim(`  ${back}   brings it back`));
          },
        };
      }),
    );
}

interface RestoreFlags {
  yes: boolean;
  force: boolean;
}

const putBack = (
  shell: Shell,
  source: string,
  { force, signal }: { force: boolean; signal: AbortSignal },
): Promise<RestoreResult> =>
  withProgress(shell.notes, (line) =>
    restoreBackup({
      config: shell.config,
      source,
      force,
      signal,
      onProgress: (part) => line.update(`verifying and copying ${part}`),
    }),
  );

/** The list of people to leave out is that of the backup as well. */
const notesOf = (shell: Shell, { createdAt, movedAside, leftOut }: RestoreResult): string[] => [
  ...(leftOut.length > 0
    ? [
        'What was left in the backup runs elsewhere by this configuration: it is not of one moment with what was restored, unless it is put back there by its own means.',
      ]
    : []),
  `Who was erased after ${moment(createdAt)} is back: run \`${commandLine(shell, 'consent withdraw <person> --dataset <name>')}\` for them again, before anything is ingested.`,
  ...(movedAside.length > 0
    ? ['No erasure reaches what was moved aside: remove it when it is not needed any more.']
    : []),
];

export function addRestore(program: Command, act: Actions): void {
  declare(program, {
    usage: 'restore <folder>',
    about: 'Puts a backup back, after every file of it has been verified.',
    examples: ['restore /mnt/backups/monday', 'restore /mnt/backups/monday --force --yes'],
    more: 'What is there is never deleted: with --force it is moved aside.',
  })
    .option('--force', 'move aside what is there already', false)
    .option('--yes', 'stop a running stack for it, and start it again', false)
    .action(
      act(async (shell, folder: string, { yes, force }: RestoreFlags) => {
        const source = resolve(folder);
        await checkRestore({ config: shell.config, source, force });
        const work = (signal: AbortSignal) => putBack(shell, source, { force, signal });
        const result = await whileStopped(shell, { yes, until: 'replaced', work });
        return {
          result: { ...result, notes: notesOf(shell, result) },
          show: (voice) => {
            showHeading(voice, `Restored the backup of ${moment(result.createdAt)}`);
            showFacts(voice, {
              home: shell.config.WATCHLAKE_HOME,
              parts: result.restored.join(', '),
              'left in the backup': result.leftOut.join(', ') || null,
              'never in it': result.neverIncluded.join(', ') || null,
              'moved aside': result.movedAside.join(', ') || null,
            });
            voice.line();
            for (const line of notesOf(shell, result)) voice.line(`  ${line}`);
          },
        };
      }),
    );
}
