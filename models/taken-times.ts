/** Tells whether a window shares samples with one of those taken, without a look at each of them. */

/** Without a device, of one that all such windows share; without a start it shares samples with none. */
export interface WindowTime {
  readonly device?: string;
  readonly startMs?: number;
  readonly endMs?: number;
}

export interface TakenTimes {
  readonly add: (window: WindowTime) => void;
  /** Whether it shares samples with one that is taken, on its device. */
  readonly has: (window: WindowTime) => boolean;
}

const endOf = ({ startMs = 0, endMs = startMs }: WindowTime): number => endMs;

const overlaps = (a: WindowTime, b: WindowTime): boolean =>
  a.startMs !== undefined &&
  b.startMs !== undefined &&
  a.startMs < endOf(b) &&
  b.startMs < endOf(a);

const longestOf = (windows: readonly WindowTime[]): number =>
  windows.reduce((longest, each) => Math.max(longest, endOf(each) - (each.startMs ?? 0)), 1);

/**
 * `later` are those that may be added. By slots of time, each as long as the longest window: what overlaps a window
 * begins in one of its slots or in the one before.
 */
export function takenTimes(
  taken: readonly WindowTime[],
  later: readonly WindowTime[] = [],
): TakenTimes {
  const slotMs = Math.max(longestOf(taken), longestOf(later));
  const slotOf = (ms: number): number => Math.floor(ms / slotMs);
  const devices = new Map<string, Map<number, WindowTime[]>>();
  function add(window: WindowTime): void {
    if (window.startMs === undefined) return;
    const device = window.device ?? '';
    const slots = devices.get(device) ?? new Map<number, WindowTime[]>();
    devices.set(device, slots);
    const slot = slotOf(window.startMs);
    slots.set(slot, [...(slots.get(slot) ?? []), window]);
  }
  function has(window: WindowTime): boolean {
    const slots = devices.get(window.device ?? '');
    if (slots === undefined || window.startMs === undefined) return false;
    const last = slotOf(endOf(window));
    for (let slot = slotOf(window.startMs) - 1; slot <= last; slot += 1) {
      if (slots.get(slot)?.some((other) => overlaps(window, other))) return true;
    }
    return false;
  }
  taken.forEach(add);
  return { add, has };
}
