/** The look that all plots share: quiet axes, and colours that the page's stylesheet defines. */
import type { EChartsOption } from 'echarts';

type XAxis = Extract<EChartsOption['xAxis'], unknown[]>[number];
type YAxis = Extract<EChartsOption['yAxis'], unknown[]>[number];

export const INK = 'var(--ink)';
export const MUTED = 'var(--muted)';
const GRID = 'var(--grid)';
export const AXIS = 'var(--axis)';
export const SURFACE = 'var(--surface)';
export const BEFORE = 'var(--before)';
export const AFTER = 'var(--after)';
export const FALLS = 'var(--bad)';

/** Colours for classes; a class past the last one is counted among the others. */
export const PALETTE_SIZE = 8;
export const seriesColour = (index: number): string => `var(--series-${index + 1})`;
export const OTHERS = 'var(--others)';

const name = { nameLocation: 'middle', nameTextStyle: { color: MUTED, fontSize: 12 } } as const;
const label = { color: MUTED, fontSize: 12 } as const;

/** An axis of numbers: hairlines across the plot, no line of its own. */
export const valueAxis = {
  type: 'value',
  ...name,
  axisLabel: label,
  axisLine: { show: false },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: GRID } },
} as const satisfies XAxis & YAxis;

export const categoryAxis = {
  type: 'category',
  ...name,
  axisLabel: { ...label, color: INK },
  axisLine: { lineStyle: { color: AXIS } },
  axisTick: { show: false },
} as const satisfies XAxis & YAxis;

/** Names down the left side, the first on top, and the room that they need. */
export function namesAxis(names: readonly string[]) {
  const longest = Math.max(...names.map(({ length }) => length), 0);
  const left = Math.min(300, 24 + 7.5 * longest);
  const axis = {
    ...categoryAxis,
    inverse: true,
    data: [...names],
    // Without a screen the width of a text is an estimate, and some fonts are wider.
    axisLabel: {
      ...categoryAxis.axisLabel,
      width: 0.85 * (left - 12),
      overflow: 'truncate' as const,
    },
  };
  return { left, axis };
}

/** The part of [0, 1] that the scores need, in whole tenths, so that the hairlines are even. */
export function scoreRange(scores: readonly number[]) {
  const low = Math.min(...scores, 1);
  const high = Math.max(...scores, 0);
  const interval = high - low > 0.45 ? 0.2 : 0.1;
  const steps = Math.round(1 / interval);
  const min = Math.max(0, Math.floor(low * steps - 0.2)) / steps;
  const max = Math.min(steps, Math.max(min * steps + 2, Math.ceil(high * steps + 0.2))) / steps;
  return { min, max, interval };
}
