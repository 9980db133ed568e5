/** The split into train and test that ArWISE's window files come with. */
import { composed } from '../../core/letters';

const SIDES = ['train', 'test'] as const;
export type Side = (typeof SIDES)[number];

const FILE = /^(.*?)(?:_(train|test))?\.(?:csv|CSV)$/;

/** `p1_train.csv` holds windows of the participant `p1`. */
export function splitOfFile(name: string): { participant: string; side: Side | null } {
  const [, participant = name, side] = FILE.exec(name) ?? [];
  return { participant: composed(participant), side: (side as Side | undefined) ?? null };
}

/** Windows of both sides are of one person, and interleave in time: each side is a device of its own. */
export const deviceOf = (subjectKey: string, side: Side | null): string =>
  side === null ? subjectKey : `${subjectKey}.${side}`;

/** The side that a device stands for; null when its windows came without a split. */
export const sideOf = (device: string): Side | null =>
  SIDES.find((side) => device.endsWith(`.${side}`)) ?? null;

/** The device without its side: windows of both sides come from one watch. */
export const watchOf = (device: string): string => {
  const side = sideOf(device);
  return side === null ? device : device.slice(0, -`.${side}`.length);
};
