/** The line that moves while a command waits: a spinner for a person, plain lines for a log. */
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
// … and that it still goes on, where nothing else changes.
const SAME_EVERY_MS = 60_000;

export function plainProgress(voice: Voice, now: () => number = Date.now): ProgressLine {
  // By step: what goes on side by side takes turns, and is not news each time.
  const told = new Map<string, { text: string; at: number }>();
  let stopped = false;
  return {
    update(step, detail = '') {
      if (stopped) return;
      const text = detail ? `${step} (${detail})` : step;
      const last = told.get(step);
      const patience = text === last?.text ? SAME_EVERY_MS : DETAIL_EVERY_MS;
      if (last && now() - last.at < patience) return;
      told.set(step, { text, at: now() });
      voice.line(`· ${text}`);
    },
    note: (text) => voice.line(text),
    stop: () => void (stopped = true),
  };
}

const cut = (text: string, width: number): string => {
  const points = [...text];
  if (points.length <= width) return text;
  return width < 1 ? '' : `${points.slice(0, width - 1).join('')}…`;
};

/** Both on one line of that width: the detail gives way first. */
export function fitted(
  { step, detail }: { step: string; detail: string },
  width: number,
): { step: string; detail: string } {
  const head = cut(step, width);
  return { step: head, detail: cut(detail, width - [...head].length - 1) };
}

const INDENT = 2;
// The spinner itself, and a space after it.
const BEFORE_TEXT = INDENT + 2;

async function spinner(voice: Voice, stream: NodeJS.WriteStream): Promise<ProgressLine> {
  // The package ships ES modules only.
  const { default: ora } = await import('ora');
  // Ctrl-C has to stay a signal: raw mode would take it.
  const line = ora({ stream, indent: INDENT, discardStdin: false }).start();
  return {
    update(step, detail = '') {
      // A line that wraps would not be cleared as a whole: the spinner counts it without the indent.
      const shown = fitted({ step, detail }, (stream.columns ?? 80) - BEFORE_TEXT);
      line.text = shown.detail ? `${shown.step} ${voice.colors.dim(shown.detail)}` : shown.step;
    },
    note(text) {
      line.clear();
      voice.line(text);
      line.render();
    },
    stop: () => void line.stop(),
  };
}

/** Starts the line; it has to be stopped before anything else is written. */
export const startProgress = async (voice: Voice): Promise<ProgressLine> =>
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
