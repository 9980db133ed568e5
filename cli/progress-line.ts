/** The line that moves while a command waits: a spinner for a person, plain lines for a log. */
import { cutTo, widthOf } from './columns';
import type { Voice } from './voice';

export interface ProgressLine {
  /** What goes on now; the detail may change often. */
  update(step: string, detail?: string): void;
  /** A line that stays. */
  note(text: string): void;
  stop(): void;
}

// A log is told of a new step at once, of new figures only now and then.
const DETAIL_EVERY_MS = 10_000;
// … and that it still goes on, where nothing else changes: ever more seldom, for people may be waited for for days.
const SAME_AFTER_MS = 60_000;
const SAME_AFTER_AT_MOST_MS = 60 * 60_000;

export function plainProgress(voice: Voice, now: () => number = Date.now): ProgressLine {
  // By step: what goes on side by side takes turns, and is not news each time.
  const told = new Map<string, { text: string; at: number; patience: number }>();
  let stopped = false;
  return {
    update(step, detail = '') {
      if (stopped) return;
      const text = detail ? `${step} (${detail})` : step;
      const last = told.get(step);
      const isSame = text === last?.text;
      if (last && now() - last.at < (isSame ? last.patience : DETAIL_EVERY_MS)) return;
      const patience = isSame ? Math.min(2 * last.patience, SAME_AFTER_AT_MOST_MS) : SAME_AFTER_MS;
      told.set(step, { text, at: now(), patience });
      voice.line(`· ${text}`);
    },
    note: (text) => voice.line(text),
    stop: () => void (stopped = true),
  };
}

const BETWEEN = ' · ';

/** Both on one line of that width: the detail gives way first. */
export function fitted(
  { step, detail }: { step: string; detail: string },
  width: number,
): { step: string; detail: string } {
  const head = cutTo(step, width);
  return { step: head, detail: cutTo(detail, width - widthOf(head) - BETWEEN.length) };
}

// The spinner puts a space behind it. Its own indent would stay before each line that is written after it.
const INDENT = ' ';
const FIGURES_EVERY_MS = 100;
// The spinner itself, and a space after it.
const BEFORE_TEXT = INDENT.length + 1 + 2;

async function spinner(voice: Voice, stream: NodeJS.WriteStream): Promise<ProgressLine> {
  // The package ships ES modules only.
  const { default: ora } = await import('ora');
  // Ctrl-C has to stay a signal: raw mode would take it.
  // Its own colours know nothing of NO_COLOR.
  const color = voice.colors.isColorSupported ? 'cyan' : false;
  const line = ora({ stream, prefixText: INDENT, color, discardStdin: false }).start();
  let latest = { step: '', detail: '' };
  let next: NodeJS.Timeout | undefined;
  const show = () => {
    next = undefined;
    // A line that wraps could not be cleared as a whole.
    const { step, detail } = fitted(latest, (stream.columns ?? 80) - BEFORE_TEXT);
    line.text = detail ? `${step}${voice.colors.dim(`${BETWEEN}${detail}`)}` : step;
  };
  return {
    update(step, detail = '') {
      const isNew = step !== latest.step;
      latest = { step, detail };
      if (isNew) show();
      // Figures may come with every piece that is read.
      else next ??= setTimeout(show, FIGURES_EVERY_MS).unref();
    },
    note(text) {
      line.clear();
      voice.line(text);
      line.render();
    },
    stop() {
      clearTimeout(next);
      line.stop();
    },
  };
}

/** Starts the line; it has to be stopped before anything else is written. */
const startProgress = async (voice: Voice): Promise<ProgressLine> =>
  voice.interactive ? spinner(voice, process.stderr) : plainProgress(voice);

/** Shows the line around a piece of work, and takes it away whatever happens. */
export async function withProgress<T>(
  voice: Voice,
  work: (line: ProgressLine) => Promise<T>,
): Promise<T> {
  const line = await startProgress(voice);
  try {
    return await work(line);
  } finally {
    line.stop();
  }
}
