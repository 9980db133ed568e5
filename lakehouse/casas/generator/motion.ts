/** Motion of a wrist that depends on what its owner does. */
import type { Random } from '../../../core/random';

interface Habit {
  readonly label: string;
  /** Where the forearm points on the whole, radians. */
  readonly pitch: number;
  readonly roll: number;
  /** How fast, how far and how evenly it moves. */
  readonly hertz: number;
  readonly swing: number;
  readonly push: number;
  readonly noise: number;
}

const habit = (
  label: string,
  [pitch, roll]: readonly [number, number],
  [hertz, swing, push, noise]: readonly [number, number, number, number],
): Habit => ({ ...{ label, pitch, roll }, ...{ hertz, swing, push, noise } });

/** Labels as people give them; CASAS sums them up in seven activities. */
export const HABITS: readonly Habit[] = [
  habit('Cook', [-0.3, 0.8], [1.1, 0.9, 0.25, 0.12]),
  habit('Eat', [0.5, 0.2], [0.35, 0.7, 0.1, 0.05]),
  habit('Work', [-0.1, 0.1], [2.2, 0.08, 0.03, 0.03]),
  habit('Exercise', [-1.1, 0.4], [2.7, 1.6, 0.9, 0.2]),
  habit('Relax', [0.1, 1.2], [0.1, 0.05, 0.01, 0.015]),
  habit('Vacuum', [-0.6, -0.2], [0.7, 0.5, 0.45, 0.1]),
  habit('Drive', [0.3, -0.6], [0.2, 0.15, 0.06, 0.09]),
  habit('Brush_Teeth', [0.8, 0.9], [3.6, 0.5, 0.5, 0.08]),
];

/** How one person does it all: a little faster, wider, with the watch turned on the wrist. */
export interface Manner {
  readonly pace: number;
  readonly reach: number;
  readonly turn: number;
}

export const mannerOf = (random: Random): Manner => ({
  pace: 0.9 + 0.2 * random(),
  reach: 0.85 + 0.3 * random(),
  turn: 0.3 * (random() - 0.5),
});

const TURN = 2 * Math.PI;

/** Yaw, pitch and roll, rotation rate and acceleration about three axes, at a moment of a bout. */
export function motionAt(
  random: Random,
  { pitch, roll, hertz, swing, push, noise }: Habit,
  { pace, reach, turn }: Manner,
  seconds: number,
): number[] {
  const angle = TURN * hertz * pace * seconds;
  const [sine, cosine, slow] = [Math.sin(angle), Math.cos(angle), Math.sin(seconds / 40)];
  const jitter = (size: number): number => size * (random() - 0.5);
  const [wide, hard] = [swing * reach, push * reach];
  return [
    slow * 2 + jitter(noise),
    pitch + turn + 0.3 * wide * sine + jitter(noise),
    roll + turn + 0.2 * wide * cosine + jitter(noise),
    wide * cosine * 2 + jitter(noise * 4),
    wide * sine + jitter(noise * 4),
    wide * 0.5 * Math.sin(2 * angle) + jitter(noise * 4),
    hard * sine + jitter(noise),
    hard * 0.6 * cosine + jitter(noise),
    hard * 0.4 * Math.sin(2 * angle) + jitter(noise),
  ];
}
