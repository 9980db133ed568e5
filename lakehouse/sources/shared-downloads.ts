/** Downloads that several wait for: each goes on as long as one of them does. */

/** Whoever waits for a download. */
export interface DownloadListener {
  /** Aborted when it is not waited for any more. */
  readonly signal?: AbortSignal;
  /** What a person should know, such as that the server cannot go on in the middle. */
  readonly onNote?: (note: string) => void;
  readonly onProgress?: (done: { bytes: number; total: number | null }) => void;
}

/** Told of all who wait for it. */
type Work<T> = (told: Required<DownloadListener>) => Promise<T>;

interface Running<T> {
  readonly result: Promise<T>;
  readonly waiting: Set<DownloadListener>;
  readonly controller: AbortController;
}

function begin<T>(work: Work<T>): Running<T> {
  const waiting = new Set<DownloadListener>();
  const controller = new AbortController();
  const told: Required<DownloadListener> = {
    signal: controller.signal,
    onNote: (note) => waiting.forEach(({ onNote }) => onNote?.(note)),
    onProgress: (done) => waiting.forEach(({ onProgress }) => onProgress?.(done)),
  };
  return { result: work(told), waiting, controller };
}

/** The result, or at once the reason why it is not waited for any more. */
async function unlessAborted<T>(result: Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const leave = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', leave, { once: true });
    const stop = (): void => signal?.removeEventListener('abort', leave);
    void result.then(resolve, reject).finally(stop);
  });
}

/**
 * Those who ask for the same at a time share one piece of work. Who is cancelled leaves, and fails with that
 * reason; with the last one the work is aborted, and that one leaves when it has ended.
 */
export function createSharedDownloads<T>() {
  const running = new Map<string, Running<T>>();

  function join(key: string, work: Work<T>): Running<T> {
    const present = running.get(key);
    if (present !== undefined) return present;
    const begun = begin(work);
    running.set(key, begun);
    const end = (): void => void running.delete(key);
    begun.result.then(end, end);
    return begun;
  }

  return async function share(
    key: string,
    { ...listener }: DownloadListener,
    work: Work<T>,
  ): Promise<T> {
    const { signal } = listener;
    signal?.throwIfAborted();
    const { result, waiting, controller } = join(key, work);
    if (controller.signal.aborted) {
      // Given up by all: it is begun again when it has ended.
      const ended = result.catch(() => undefined);
      await unlessAborted(ended, signal);
      return share(key, listener, work);
    }
    waiting.add(listener);
    try {
      return await unlessAborted(result, signal);
    } finally {
      waiting.delete(listener);
      if (waiting.size === 0) {
        controller.abort(signal?.reason);
        await result.catch(() => undefined);
      }
    }
  };
}
