/** Sends the events of a file to an ingest server: devices side by side, each one's events in order, in their own time or fast. */
import { setMaxListeners } from 'node:events';
import { WatchlakeError } from '../../core/errors';
import { fewOf } from '../../core/few-of';
import { count } from '../../core/figures';
import { linesOf, readingOf, survey, type Survey } from './event-file';
import { createIngestClient, type IngestClientOptions, type Sent } from './ingest-client';
import { Lanes } from './lanes';
import { createPace, type Pace } from './pace';
import { sendState, type SendState, type SentSoFar } from './send-state';
import { isByDevice, sourcesOf, WHOLE, type Source } from './sources';
import { Watermark } from './watermark';

export interface SendOptions extends Pick<IngestClientOptions, 'url' | 'token' | 'patienceMs'> {
  readonly file: string;
  /** Folder of what is known of unfinished sendings. */
  readonly stateFolder: string;
  /** Times faster than the events happened; null is as fast as the server takes them. */
  readonly speed: number | null;
  readonly lanes?: number;
  readonly batchLines?: number;
  readonly window?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SendProgress) => void;
}

export interface SendProgress extends SendCounts {
  readonly step: 'reading' | 'sending';
  readonly lines: number;
  /** Of the file, read to learn what is in it. */
  readonly bytesRead: number;
  /** From 0 to 1, by the bytes of the lines that were answered, now or in an earlier sending. */
  readonly share: number;
  /** An earlier sending has sent a part of the lines. */
  readonly resumed: boolean;
  /** Why it waits; null while it goes on. */
  readonly waitsFor: string | null;
}

export interface SendCounts {
  /** Lines that were answered. */
  readonly sent: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly rejected: Readonly<Record<string, number>>;
}

export interface SendResult extends SendCounts {
  readonly lines: number;
  readonly devices: number | null;
  /** Where an earlier sending had come to; 0 when it began anew. */
  readonly resumedAt: number;
}

const LANES = 8;
const BATCH_LINES = 500;
const WINDOW_LINES = 20_000;
const SAVE_EVERY_MS = 1000;
class Sending {
  private readonly options: SendOptions;
  private readonly known: Survey;
  private readonly sources: readonly Source[];
  private readonly marks = new Map<string, Watermark>();
  private readonly before: SentSoFar | null;
  private readonly keyOf: SendState['keyOf'];
  private latestMs: number | null;
  readonly counts = { sent: 0, accepted: 0, duplicate: 0, rejected: {} as Record<string, number> };

  constructor(
    options: SendOptions,
    known: Survey,
    { before, keyOf }: { before: SentSoFar | null; keyOf: SendState['keyOf'] },
  ) {
    this.options = options;
    this.known = known;
    this.sources = sourcesOf(known, options.file);
    this.before = before;
    this.keyOf = keyOf;
    this.latestMs = before?.latestMs ?? null;
  }

  get soFar(): SentSoFar {
    const offsets = [...this.marks].map(([name, { done }]) => [this.keyOf(name), done] as const);
    return { offsets: Object.fromEntries(offsets), latestMs: this.latestMs };
  }

  async run(): Promise<void> {
    const { url, token, patienceMs, signal, speed } = this.options;
    const onRetry = (why: string) => this.tell(why);
    const client = createIngestClient({ url, token, patienceMs, signal, onRetry });
    const { lanes = LANES, batchLines = BATCH_LINES, window = WINDOW_LINES } = this.options;
    const onSent = (lines: number, sent: Sent) => this.count(lines, sent);
    const pool = new Lanes({ client, lanes, batchLines, window, onSent });
    const originMs = this.latestMs ?? this.known.earliestMs;
    const pace = createPace({ speed, originMs, signal });
    const isShared = this.sources.length > 1;
    await Promise.all(this.sources.map((source) => this.follow(source, isShared, pool, pace)));
    await pool.settled();
  }

  private async follow(
    { name, start, end }: Source,
    isShared: boolean,
    pool: Lanes,
    pace: Pace,
  ): Promise<void> {
    const { file, signal } = this.options;
    const mark = new Watermark(this.before?.offsets[this.keyOf(name)] ?? start);
    this.marks.set(name, mark);
    for await (const line of linesOf(file, { start: mark.done, end })) {
      signal?.throwIfAborted();
      const { deviceId, timestampMs } = readingOf(line);
      if (isShared && (deviceId ?? WHOLE) !== name) continue;
      await pace(timestampMs);
      if (timestampMs !== null) this.latestMs = Math.max(this.latestMs ?? 0, timestampMs);
      await pool.push(deviceId, line, mark.add(line.end));
    }
  }

  private count(lines: number, { accepted, duplicate, rejected }: Sent): void {
    this.counts.sent += lines;
    this.counts.accepted += accepted;
    this.counts.duplicate += duplicate;
    for (const [code, count] of Object.entries(rejected))
      this.counts.rejected[code] = (this.counts.rejected[code] ?? 0) + count;
    this.tell(null);
  }

  private tell(waitsFor: string | null): void {
    const { lines, bytes: bytesRead } = this.known;
    const far = { share: shareOf(this.sources, this.marks), resumed: this.before !== null };
    const progress = { ...this.counts, ...far, lines, bytesRead, waitsFor };
    this.options.onProgress?.({ step: 'sending', ...progress });
  }
}

/** Each device's part counts by its size; lines of none are few beside them. */
function shareOf(sources: readonly Source[], marks: ReadonlyMap<string, Watermark>): number {
  const counted = sources.length > 1 ? sources.filter(({ name }) => name !== WHOLE) : sources;
  let [done, all] = [0, 0];
  for (const { name, start, end } of counted) {
    done += (marks.get(name)?.done ?? start) - start;
    all += end - start;
  }
  return all === 0 ? 1 : done / all;
}

const NOTHING: SendCounts = { sent: 0, accepted: 0, duplicate: 0, rejected: {} };

async function surveyed({ file, speed, signal, onProgress }: SendOptions): Promise<Survey> {
  return survey(file, {
    timed: speed !== null,
    onBytes: (bytesRead) => {
      signal?.throwIfAborted();
      const progress = { lines: 0, bytesRead, share: 0, resumed: false, waitsFor: null };
      onProgress?.({ step: 'reading', ...NOTHING, ...progress });
    },
  });
}

/** Without an event a file is a mistake, such as another file's name; of one that is gone on with, the events may be behind. */
function refuseWithoutEvents(file: string, { accepted, duplicate, rejected }: SendCounts): void {
  if (accepted > 0 || duplicate > 0) return;
  const reasons = Object.entries(rejected).map(([code, lines]) => `${count(lines)} ${code}`);
  if (reasons.length > 0)
    throw new WatchlakeError('EVENTS_REJECTED', { file, reasons: fewOf(reasons) });
}

/**
 * Goes on where an earlier sending of the same content to the same server was stopped; what was under way then is sent again,
 * and the server recognises it. Throws INGEST_UNREACHABLE, INGEST_REFUSED,
 * EVENTS_EMPTY, EVENTS_REJECTED, EVENTS_UNSORTED, and the signal's reason.
 */
export async function sendEvents(options: SendOptions): Promise<SendResult> {
  const { url, token, signal, stateFolder, speed } = options;
  // Whatever waits may wait for it too.
  if (signal) setMaxListeners(0, signal);
  await createIngestClient({ url, token, signal }).check();
  const known = await surveyed(options);
  if (known.lines === 0) throw new WatchlakeError('EVENTS_EMPTY', { file: options.file });
  // In an order of its own each sending knows its own places.
  const order = speed !== null && isByDevice(known) ? 'by device' : 'as it lies';
  const state = sendState(stateFolder, known.sha256, new URL(url).href, order);
  const before = await state.read();
  const sending = new Sending(options, known, { before, keyOf: state.keyOf });
  // Writes follow one another: the last one to end has to be the last one made.
  let saved: Promise<void> = Promise.resolve();
  const save = () => (saved = saved.then(() => state.write(sending.soFar)));
  const saver = setInterval(() => void save().catch(() => undefined), SAVE_EVERY_MS);
  try {
    await sending.run();
  } catch (error) {
    await save();
    // What waits for its time says only that it was aborted.
    throw signal?.aborted ? signal.reason : error;
  } finally {
    clearInterval(saver);
  }
  await saved;
  await state.clear();
  if (before === null) refuseWithoutEvents(options.file, sending.counts);
  const devices = known.places.size > 0 ? known.places.size : null;
  const resumedAt = Math.max(0, ...Object.values(before?.offsets ?? {}));
  return { ...sending.counts, lines: known.lines, devices, resumedAt };
}
