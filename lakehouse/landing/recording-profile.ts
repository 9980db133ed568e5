/** Collects, while a recording streams by, what its dataset's description needs. */
import { WatchlakeError } from '../../core/errors';
import { refuseReplaced } from './csv';
import type { LandedRecording } from './descriptor';

// The distance between samples is that of the first thousand: memory stays bounded.
const PERIODS = 1000;
const MAXIMUM_LABELS = 1000;

export interface RecordingProfile {
  add(timestamp: string, label: string | null, line: number): void;
  rows(): number;
  result(): Pick<LandedRecording, 'rows' | 'periodMs' | 'labels'>;
}

export function createRecordingProfile(file: string): RecordingProfile {
  const labels = new Set<string>();
  const periods: number[] = [];
  let rows = 0;
  let previousMs = Number.NaN;

  function addLabel(label: string, line: number): void {
    if (labels.has(label)) return;
    refuseReplaced(file, line, label);
    labels.add(label);
    if (labels.size <= MAXIMUM_LABELS) return;
    const detail = `there are more than ${MAXIMUM_LABELS} different labels`;
    throw new WatchlakeError('CSV_MALFORMED', { file, line, detail });
  }

  return {
    add(timestamp, label, line) {
      rows += 1;
      const named = label?.trim();
      if (named) addLabel(named, line);
      if (periods.length === PERIODS) return;
      const timeMs = timestamp.trim() === '' ? Number.NaN : Number(timestamp);
      if (timeMs > previousMs) periods.push(timeMs - previousMs);
      previousMs = timeMs;
    },
    rows: () => rows,
    result() {
      periods.sort((a, b) => a - b);
      const periodMs = periods[Math.floor((periods.length - 1) / 2)] ?? null;
      return { rows, periodMs, labels: [...labels].sort() };
    },
  };
}
