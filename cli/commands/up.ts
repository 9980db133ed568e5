/** `watchlake up` and `down`: start and stop the embedded stack, a worker and the application page. */
import type { Command } from 'commander';
import { WatchlakeError } from '../../core/errors';
import { progressLine, type StackProgress } from '../../stack/progress';
import { recordedPorts } from '../../stack/stack';
import type { UpState } from '../../workers/state';
import { declare } from '../command';
import { databaseHost, withoutPassword } from '../database-address';
import { demoHome } from '../demo-home';
import { commandLine } from '../follow-run';
import { showMove } from '../moved-port';
import { withProgress, type ProgressLine } from '../progress-line';
import { interruption, type Actions, type Shell } from '../shell';
import { showFacts, showHeading } from '../tables';
import type { Voice } from '../voice';

export const onStackProgress =
  (line: ProgressLine) =>
  (progress: StackProgress): void => {
    const text = progressLine(progress);
    const detail = text.slice(progress.component.length + 2);
    line.update(progress.component, detail);
  };

/** What a person or a script may know of a running home: the database's address has its password. */
export const publicState = ({ postgres, ...state }: UpState) => ({
  ...state,
  postgres: { url: withoutPassword(postgres.url) },
});

export function showAddresses(voice: Voice, state: UpState): void {
  const { worker } = state;
  showFacts(voice, {
    'Temporal web UI': state.temporal.uiUrl,
    'Application page': state.app.url,
    Temporal: state.temporal.address,
    Kafka: state.kafka.brokers.join(', '),
    PostgreSQL: databaseHost(state.postgres.url),
    Metrics: state.metrics?.url ?? null,
    Worker: worker.ready ? `ready, process ${worker.pid}` : 'starting',
    Version: state.version,
    Restarts: worker.restarts > 0 ? String(worker.restarts) : null,
  });
}

/** People have links to it, and where its port is taken it goes to the next free one. */
const pageOf = ({ config }: Shell, { app }: UpState, formerPort: number | undefined) => ({
  what: 'The application page',
  url: app.url,
  variable: { name: 'APP_PORT', given: config.APP_PORT },
  formerPort,
});

/** Starts the detached stack while its progress is shown; Ctrl-C leaves it starting. */
export const startDetached = (shell: Shell): Promise<UpState> =>
  withProgress(shell.notes, async (line) => {
    line.update('starting');
    const interrupted = interruption(shell, () => new WatchlakeError('STACK_STILL_STARTING'));
    try {
      const { config } = shell;
      const started = shell.services.up({ config, onProgress: onStackProgress(line) });
      return await Promise.race([started, interrupted.hit]);
    } finally {
      interrupted.stop();
    }
  });

async function runInForeground(shell: Shell, formerPort: number | undefined): Promise<void> {
  const { notes, config } = shell;
  await withProgress(notes, (line) =>
    shell.services.runForeground({
      config,
      onProgress: onStackProgress(line),
      onReady: (state) => {
        line.stop();
        showHeading(notes, 'Watchlake is up');
        showAddresses(notes, state);
        showMove(notes, pageOf(shell, state, formerPort));
        notes.line();
        notes.line('  Ctrl-C stops it.');
      },
    }),
  );
}

export function addUp(program: Command, act: Actions): void {
  declare(program, {
    usage: 'up',
    about:
      'Starts what is not configured elsewhere of Temporal, Kafka and PostgreSQL, with a worker and the application page, and runs until Ctrl-C.',
    examples: ['up', 'up --detach --json'],
  })
    .option('--detach', 'return as soon as everything is ready, and leave it running')
    .action(
      act(async (shell, { detach = false }: { detach?: boolean }) => {
        const home = shell.config.WATCHLAKE_HOME;
        const running = await shell.services.readState(home);
        const { app: formerPort } = await recordedPorts(home);
        if (!detach && !running) {
          await runInForeground(shell, formerPort);
          return { result: { stopped: true }, show: (voice) => voice.line('Stopped.') };
        }
        const state = await startDetached(shell);
        return {
          result: { alreadyRunning: running !== null, ...publicState(state) },
          show: (voice) => {
            showHeading(voice, running ? 'Watchlake is up already' : 'Watchlake is up');
            showAddresses(voice, state);
            showMove(voice, pageOf(shell, state, formerPort));
            voice.line();
            voice.line(voice.colors.dim(`  ${commandLine(shell, 'down')}   stops it`));
          },
        };
      }),
    );
}

/** Stops a home and the demo inside it; what was running. */
const stopHomes = (shell: Shell): Promise<string[]> =>
  withProgress(shell.notes, async (line) => {
    const stopped: string[] = [];
    const main = shell.config.WATCHLAKE_HOME;
    for (const home of [main, demoHome(main)]) {
      const onProgress = onStackProgress(line);
      const one = await shell.services.down({ home, onProgress });
      if (one.stopped) stopped.push(home);
    }
    return stopped;
  });

export function addDown(program: Command, act: Actions): void {
  declare(program, {
    usage: 'down',
    about: 'Stops what `up` and `demo` have started. The data stay, and the next `up` uses them.',
    examples: ['down'],
  }).action(
    act(async (shell) => {
      const stopped = await stopHomes(shell);
      return {
        result: { stopped },
        show: (voice) => {
          if (stopped.length === 0) voice.line('Nothing was running.');
          for (const home of stopped) voice.line(`Stopped ${home}`);
        },
      };
    }),
  );
}
