/** Features of one signal in time: its level, spread, shape and how it moves. */

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
  'skewness',
  'kurtosis',
  'crossings',
  'jerkMean',
  'jerkSd',
  'slope',
  'halfChange',
  'periodicity',
  'periodSeconds',
] as const;

/** Below this spread (in the channel's unit) a signal is at rest: its shape is only rounding noise. */
const REST_SD = 1e-6;

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

function momentsOf(signal: Float32Array, mean: number) {
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (const value of signal) {
    const deviation = value - mean;
    const square = deviation * deviation;
    second += square;
    third += square * deviation;
    fourth += square * square;
  }
  const variance = second / signal.length;
  const sd = Math.sqrt(variance);
  const atRest = sd < REST_SD;
  return {
    variance,
    sd,
    skewness: atRest ? 0 : third / signal.length / (variance * sd),
    kurtosis: atRest ? 0 : fourth / signal.length / (variance * variance) - 3,
  };
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

/** Least-squares rise over the whole window. */
function slopeOf(signal: Float32Array, mean: number): number {
  const middle = (signal.length - 1) / 2;
  let along = 0;
  let spread = 0;
  for (let i = 0; i < signal.length; i += 1) {
    along += (i - middle) * ((signal[i] as number) - mean);
    spread += (i - middle) * (i - middle);
  }
  return spread === 0 ? 0 : (along / spread) * (signal.length - 1);
}

/** Highest autocorrelation at a lag between a quarter of a second and half of the window. */
function periodOf(signal: Float32Array, mean: number, variance: number, rateHz: number) {
  const longest = Math.floor(signal.length / 2);
  let best = { strength: 0, seconds: 0 };
  if (variance < REST_SD * REST_SD) return best;
  let previous = 1;
  let rising = false;
  for (let lag = Math.max(1, Math.round(rateHz / 4)); lag <= longest; lag += 1) {
    let sum = 0;
    for (let i = lag; i < signal.length; i += 1) {
      sum += ((signal[i] as number) - mean) * ((signal[i - lag] as number) - mean);
    }
    const strength = sum / (signal.length - lag) / variance;
    // Only past the first fall: the peak at lag zero is no period.
    if (strength > previous) rising = true;
    previous = strength;
    if (rising && strength > best.strength) best = { strength, seconds: lag / rateHz };
  }
  return best;
}

/** In the order of STATISTICS. */
export function statisticsOf(signal: Float32Array, rateHz: number): number[] {
  const mean = meanOf(signal);
  const quantile = quantilesOf(signal);
  const { variance, sd, skewness, kurtosis } = momentsOf(signal, mean);
  const jerk = jerkOf(signal, rateHz);
  const half = signal.length >>> 1;
  const halfChange = half === 0 ? 0 : meanOf(signal.subarray(half)) - meanOf(signal.subarray(0, half));
  const period = periodOf(signal, mean, variance, rateHz);
  return [
    mean,
    sd,
    ...[0, 0.1, 0.25, 0.5, 0.75, 0.9, 1].map(quantile),
    logOf(variance),
    skewness,
    kurtosis,
    crossingsOf(signal, mean),
    logOf(jerk.mean),
    logOf(jerk.sd),
    slopeOf(signal, mean),
    halfChange,
    period.strength,
    period.seconds,
  ];
}
