/** Features between channels: triads of axes, their magnitude, their gravity, and correlations. */
import { meanOf, varianceOf } from './feature-statistics';

/** Three channels of one sensor: their indexes in the order x, y, z. */
export interface Triad {
  readonly name: string;
  readonly axes: readonly [number, number, number];
}

const AXIS = /^(.*?)[-_ ]?([xyz])$/i;

/** Channels that differ only in a last x, y or z belong together: `ax, ay, az`, `gyro_x, …`. */
export function triadsOf(channels: readonly string[]): Triad[] {
  const stems = new Map<string, Partial<Record<string, number>>>();
  channels.forEach((channel, index) => {
    const [, stem, axis] = AXIS.exec(channel) ?? [];
    if (stem === undefined || axis === undefined) return;
    const axes = stems.get(stem) ?? {};
    axes[axis.toLowerCase()] = index;
    stems.set(stem, axes);
  });
  return [...stems].flatMap(([name, { x, y, z }]) =>
    x !== undefined && y !== undefined && z !== undefined
      ? [{ name, axes: [x, y, z] as const }]
      : [],
  );
}

/** With more channels than this, pairs across sensors are left out: their number grows squared. */
const PAIRS_LIMIT = 9;

/** Pairs whose correlation is a feature. */
export function pairsOf(channels: readonly string[], triads: readonly Triad[]): [number, number][] {
  const together = (a: number, b: number): boolean =>
    channels.length <= PAIRS_LIMIT ||
    triads.some(({ axes }) => axes.includes(a) && axes.includes(b));
  return channels.flatMap((_, a) =>
    channels.flatMap((__, b): [number, number][] => (a < b && together(a, b) ? [[a, b]] : [])),
  );
}

export function correlationOf(a: Float32Array, b: Float32Array): number {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  let [both, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [(a[i] as number) - meanA, (b[i] as number) - meanB];
    both += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  const scale = Math.sqrt(squaresA * squaresB);
  return scale < 1e-9 ? 0 : both / scale;
}

export const MAGNITUDE = ['mean', 'sd'] as const;

/** Of the length of the three axes' vector, which does not depend on how the device is worn. */
export function magnitudeStatisticsOf(axes: readonly Float32Array[]): number[] {
  const [x, y, z] = axes as [Float32Array, Float32Array, Float32Array];
  const size = x.map((value, i) => Math.hypot(value, y[i] as number, z[i] as number));
  const mean = meanOf(size);
  return [mean, Math.sqrt(varianceOf(size, mean))];
}

export const ORIENTATION = [
  'tiltX',
  'tiltY',
  'tiltZ',
  'along',
  'across',
  'linear',
  'planar',
  'turn',
];

type Vector = [number, number, number];

const lengthOf = (v: Vector): number => Math.hypot(...v);

function unit(v: Vector): Vector {
  const length = lengthOf(v);
  return length < 1e-9 ? [0, 0, 0] : [v[0] / length, v[1] / length, v[2] / length];
}

function meanVector(axes: readonly Float32Array[], from: number, until: number): Vector {
  const [x, y, z] = axes.map((axis) => meanOf(axis.subarray(from, until)));
  return [x as number, y as number, z as number];
}

function covarianceOf(axes: readonly Float32Array[], mean: Vector): number[] {
  const sums = [0, 0, 0, 0, 0, 0];
  const [xs, ys, zs] = axes as [Float32Array, Float32Array, Float32Array];
  for (let i = 0; i < xs.length; i += 1) {
    const x = (xs[i] as number) - mean[0];
    const y = (ys[i] as number) - mean[1];
    const z = (zs[i] as number) - mean[2];
    [x * x, y * y, z * z, x * y, x * z, y * z].forEach((product, k) => {
      sums[k] = (sums[k] as number) + product;
    });
  }
  return sums.map((sum) => sum / xs.length);
}

/** Eigenvalues, descending, of a symmetric 3 × 3 matrix (O. K. Smith, CACM 4(4), 1961). */
export function eigenvaluesOf([a, b, c, d, e, f]: readonly number[]): Vector {
  const [xx, yy, zz, xy, xz, yz] = [a, b, c, d, e, f] as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const third = (xx + yy + zz) / 3;
  const [dx, dy, dz] = [xx - third, yy - third, zz - third];
  const p = Math.sqrt((dx * dx + dy * dy + dz * dz + 2 * (xy * xy + xz * xz + yz * yz)) / 6);
  if (p < 1e-12) return [third, third, third];
  const determinant =
    dx * (dy * dz - yz * yz) - xy * (xy * dz - yz * xz) + xz * (xy * yz - dy * xz);
  const angle = Math.acos(Math.max(-1, Math.min(1, determinant / (2 * p ** 3)))) / 3;
  const largest = third + 2 * p * Math.cos(angle);
  const smallest = third + 2 * p * Math.cos(angle + (2 * Math.PI) / 3);
  return [largest, 3 * third - largest - smallest, smallest];
}

/**
 * The mean direction (gravity, for an accelerometer), the motion's spread along and across it, how
 * much the motion keeps to a line or a plane, and the turn from the first half to the second.
 */
export function orientationOf(axes: readonly Float32Array[]): number[] {
  const length = (axes[0] as Float32Array).length;
  const mean = meanVector(axes, 0, length);
  const [gx, gy, gz] = unit(mean);
  const [xx, yy, zz, xy, xz, yz] = covarianceOf(axes, mean) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const along =
    gx * gx * xx + gy * gy * yy + gz * gz * zz + 2 * (gx * gy * xy + gx * gz * xz + gy * gz * yz);
  const total = xx + yy + zz;
  const [first, second, last] = eigenvaluesOf([xx, yy, zz, xy, xz, yz]);
  const before = unit(meanVector(axes, 0, Math.max(1, length >>> 1)));
  const after = unit(meanVector(axes, length >>> 1, length));
  const cosine = before[0] * after[0] + before[1] * after[1] + before[2] * after[2];
  return [
    gx,
    gy,
    gz,
    Math.sqrt(Math.max(0, along)),
    Math.sqrt(Math.max(0, total - along)),
    total < 1e-12 ? 0 : (first - second) / total,
    total < 1e-12 ? 0 : (second - last) / total,
    Math.acos(Math.max(-1, Math.min(1, cosine))),
  ];
}
