/** What a long step of the set-up tells while it works: a component, a sentence and, for downloads, sizes. */

export interface StackProgress {
  readonly component: string;
  readonly message: string;
  readonly bytes?: number;
  readonly totalBytes?: number;
  readonly bytesPerSecond?: number;
}

export type OnProgress = (progress: StackProgress) => void;

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** One line for a terminal, such as `temporal: downloading (12.3 of 44.5 MB, 8.1 MB/s)`. */
export function progressLine(progress: StackProgress): string {
  const { component, message, bytes, totalBytes, bytesPerSecond } = progress;
  if (bytes === undefined) return `${component}: ${message}`;
  const size = totalBytes === undefined ? '' : ` of ${megabytes(totalBytes)}`;
  const speed = bytesPerSecond === undefined ? '' : `, ${megabytes(bytesPerSecond)} MB/s`;
  return `${component}: ${message} (${megabytes(bytes)}${size} MB${speed})`;
}
