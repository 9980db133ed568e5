/** `watchlake devices send`: the client that plays a file of events to an ingest server. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { WatchlakeError } from '../../core/errors';
import { LOOPBACK } from '../../stack/ports';
import type { SendProgress, SendResult } from '../../streaming/send/send-events';
import { preferredPort } from '../../workers/kept-ports';
import { declare, numberBetween, wholeNumber } from '../command';
import { withProgress, type ProgressLine } from '../progress-line';
import type { Actions, Outcome, Shell } from '../shell';
import { showFacts, showHeading } from '../tables';
import { requireFile } from '../unreadable-file';
import { bytes, count, duration, tally, type Voice } from '../voice';

interface SendFlags {
  file: string;
  server?: string;
  speed: number;
  fast?: boolean;
  token?: string;
  parallel: number;
  batch: number;
}

const MOST_SPEED = 1_000_000;

/** How many lines an earlier sending has sent is not known, but where it had come to. */
function howFar({ sent, lines, resumed, share }: SendProgress): string {
  if (resumed) {
    return `${Math.floor(100 * share)} % of ${count(lines)} lines, ${count(sent)} since it went on`;
  }
  const percent = lines === 0 ? '' : `, ${Math.floor((100 * sent) / lines)} %`;
  return `${count(sent)} of ${count(lines)} lines${percent}`;
}

function progressDetail(progress: SendProgress, size: number, seconds: number): string {
  const { duplicate, rejected, waitsFor } = progress;
  if (progress.step === 'reading') return `${bytes(progress.bytesRead)} of ${bytes(size)}`;
  const refused = Object.values(rejected).reduce((sum, each) => sum + each, 0);
  return [
    howFar(progress),
    `${count(Math.round(progress.sent / Math.max(seconds, 0.001)))} a second`,
    ...(duplicate > 0 ? [`${count(duplicate)} known already`] : []),
    ...(refused > 0 ? [`${count(refused)} rejected`] : []),
    ...(waitsFor === null ? [] : [`waits: ${waitsFor}`]),
  ].join(', ');
}

/** Where the home's own one listens, or did at its last start; `--port` may have put it elsewhere than INGEST_PORT says. */
async function ownServer({ config }: Shell): Promise<string> {
  const port = await preferredPort(config.WATCHLAKE_HOME, 'ingest', config.INGEST_PORT);
  return `http://${LOOPBACK}:${port}`;
}

function showSent(
  voice: Voice,
  { file, url }: { file: string; url: string },
  result: SendResult,
  seconds: number,
) {
  showHeading(voice, `Sent ${file} to ${url}`);
  showFacts(voice, {
    lines: count(result.sent),
    accepted: count(result.accepted),
    'known already': result.duplicate > 0 ? count(result.duplicate) : null,
    rejected: tally(result.rejected),
    devices: result.devices === null ? null : count(result.devices),
    'went on from': result.resumedAt > 0 ? `byte ${count(result.resumedAt)}` : null,
    took: duration(seconds),
  });
}

/** Told what was answered until then; the signal's reason has no other use. */
function stopper(shell: Shell) {
  const controller = new AbortController();
  let latest: SendProgress | undefined;
  const forget = shell.onInterrupt(() => {
    const { sent = 0, lines = 0 } = latest ?? {};
    controller.abort(
      new WatchlakeError('SENDING_STOPPED', { sent: count(sent), lines: count(lines) }),
    );
  });
  const note = (progress: SendProgress) => void (latest = progress);
  return { signal: controller.signal, note, forget };
}

async function send(shell: Shell, flags: SendFlags): Promise<Outcome> {
  const { config, notes, services } = shell;
  const file = resolve(flags.file);
  const { size } = await requireFile(flags.file);
  const url = flags.server ?? (await ownServer(shell));
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1000;
  const stop = stopper(shell);
  const onProgress = (line: ProgressLine) => (progress: SendProgress) => {
    stop.note(progress);
    line.update(progress.step, progressDetail(progress, size, seconds()));
  };
  try {
    const result = await withProgress(notes, (line) =>
      services.sendEvents({
        ...{ file, url, token: flags.token ?? config.INGEST_TOKEN },
        ...{ lanes: flags.parallel, batchLines: flags.batch, signal: stop.signal },
        speed: flags.fast ? null : flags.speed,
        stateFolder: join(config.WATCHLAKE_HOME, 'devices', 'send'),
        onProgress: onProgress(line),
      }),
    );
    return {
      result,
      show: (voice) => showSent(voice, { file: flags.file, url }, result, seconds()),
    };
  } finally {
    stop.forget();
  }
}

export function addDevicesSend(group: Command, act: Actions): void {
  declare(group, {
    usage: 'send',
    about: 'Plays a file of events to an ingest server: devices side by side, each in its order.',
    examples: [
      'devices send --file events.jsonl --speed 60',
      'devices send --file events.jsonl --fast --server https://ingest.example.org',
    ],
    more: 'One event a line. Between two events it waits for the difference of their times, divided by the speed. Every line is sent as it is: what is no event is rejected by the server and lies in its dead letters. After Ctrl-C, or an outage, the same command goes on where it stopped.',
  })
    .requiredOption('--file <path>', 'events, one JSON object a line')
    .option('--server <url>', "the ingest server; that of this home's `devices serve` when absent")
    .option(
      '--speed <factor>',
      'times faster than the events happened',
      numberBetween(0.001, MOST_SPEED),
      1,
    )
    .option('--fast', 'as fast as the server takes them, in batches')
    .option('--token <token>', 'token for the server, instead of INGEST_TOKEN')
    .option('--parallel <n>', 'requests side by side', wholeNumber(1, 256), 8)
    .option('--batch <n>', 'lines of a request, at most', wholeNumber(1, 10_000), 500)
    .action(act((shell, flags: SendFlags) => send(shell, flags)));
}
