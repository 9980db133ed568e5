/** Failures of ingests whose files are named after people: they go into histories, and tell of the recording. */
import { isWatchlakeError, WatchlakeError, type ErrorContext } from '../core/errors';
import type { DatasetFormat } from '../lakehouse/dataset-format';
import { byRecording } from '../lakehouse/quarantine';
import { withoutGzip } from '../lakehouse/sources/names';
import type { Source } from '../lakehouse/sources/source';
import { reworded } from './errors';

export type RecordingOf = (file: string) => string | null;

/** Of a source that could not be opened only the files are known that the error names. */
function filesIn(error: unknown): string[] {
  const { path, context } = error as { path?: unknown; context?: Record<string, unknown> };
  return [path, context?.member, context?.other].filter((each) => typeof each === 'string');
}

/** Files by all that they may be called, and what they are called instead; the longest first. */
function wordsFor(files: readonly string[], isListed: boolean, recordingOf: RecordingOf) {
  const words = new Map<string, string>();
  files.forEach((file, at) => {
    const recording = recordingOf(withoutGzip(file));
    if (recording === null) return;
    const name = byRecording(recording);
    const word = isListed ? `${name} (file ${at + 1} of the source)` : name;
    words.set(file, word);
    words.set(file.slice(file.lastIndexOf('/') + 1), word);
  });
  return [...words].sort(([a], [b]) => b.length - a.length);
}

/** Where the source itself lies, the input of the workflow tells. */
const KEPT = 'source';

/** The same error where nothing in it, or under it, names a file of the format's people. */
export function withoutFiles(
  error: unknown,
  source: Pick<Source, 'members'> | undefined,
  recordingOf: RecordingOf,
): unknown {
  const files = source?.members.map(({ name }) => name) ?? filesIn(error);
  const words = wordsFor(files, source !== undefined, recordingOf);
  if (words.length === 0) return error;
  const said = (text: string): string =>
    words.reduce((found, [file, word]) => found.replaceAll(file, word), text);
  if (!isWatchlakeError(error)) return reworded(error, said);
  const context: [string, unknown][] = Object.entries(error.context).map(([name, value]) => [
    name,
    typeof value === 'string' && name !== KEPT ? said(value) : value,
  ]);
  const facts: ErrorContext = Object.fromEntries(context);
  return new WatchlakeError(error.code, facts, reworded(error.cause, said));
}

/** In formats whose files name nobody none is of a recording. */
export const recordingsOf =
  (format: DatasetFormat, of: { readonly dataset: string; readonly secret: string }): RecordingOf =>
  (file) =>
    format.recordingOf?.(file, of) ?? null;
