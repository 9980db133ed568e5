/** Features of one signal in time: its level, its spread and how it moves. */

export const STATISTICS = [
  'mean',
  'sd',
  'minimum',
  'q10',
  'q25',
  'median',
  'q75',
  'q90',
  'maximum',
  'logEnergy',
  'crossings',
  'jerkMean',
  'jerkSd',
] as const;

const LOG_FLOOR = 1e-6;

export const logOf = (energy: number): number => Math.log10(energy + LOG_FLOOR);

export function meanOf(signal: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < signal.length; i += 1) sum += signal[i] as number;
  return sum / signal.length;
}

function quantilesOf(signal: Float32Array): (share: number) => number {
  const sorted = signal.slice().sort();
  return (share) => {
    const position = share * (sorted.length - 1);
    const low = Math.floor(position);
    const before = sorted[low] as number;
    const after = sorted[Math.min(low + 1, sorted.length - 1)] as number;
    return before + (after - before) * (position - low);
  };
}

export function varianceOf(signal: Float32Array, mean: number): number {
  let squares = 0;
  for (const value of signal) squares += (value - mean) * (value - mean);
  return squares / signal.length;
}

/** Share of steps that cross the mean. */
function crossingsOf(signal: Float32Array, mean: number): number {
  let crossings = 0;
  for (let i = 1; i < signal.length; i += 1) {
    if ((signal[i] as number) >= mean !== (signal[i - 1] as number) >= mean) crossings += 1;
  }
  return crossings / Math.max(1, signal.length - 1);
}

/** Mean and standard deviation of the change per second, the first one of its size. */
function jerkOf(signal: Float32Array, rateHz: number) {
  const steps = Math.max(1, signal.length - 1);
  let size = 0;
  let squares = 0;
  for (let i = 1; i < signal.length; i += 1) {
    const change = ((signal[i] as number) - (signal[i - 1] as number)) * rateHz;
    size += Math.abs(change);
    squares += change * change;
  }
  return { mean: size / steps, sd: Math.sqrt(squares / steps) };
}

/** In the order of STATISTICS. */
export function statisticsOf(signal: Float32Array, rateHz: number): number[] {
  const mean = meanOf(signal);
  const variance = varianceOf(signal, mean);
  const quantile = quantilesOf(signal);
  const jerk = jerkOf(signal, rateHz);
  return [
    mean,
    Math.sqrt(variance),
    ...[0, 0.1, 0.25, 0.5, 0.75, 0.9, 1].map(quantile),
    logOf(variance),
    crossingsOf(signal, mean),
    logOf(jerk.mean),
    logOf(jerk.sd),
  ];
}
