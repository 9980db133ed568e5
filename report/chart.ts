/** Draws a plot by ECharts as inline SVG: named for screen readers, in the colours of the page. */
import { init, type EChartsOption } from 'echarts';
import { escapeHtml, trusted, type Html } from './html';

export interface Chart {
  /** Unique in the page; the ids inside the drawing start with it. */
  id: string;
  /** What the plot shows, in one sentence that can stand for it. */
  title: string;
  width?: number;
  height: number;
  option: EChartsOption;
  /** Text that a mark shows when pointed at, by series and index of its value. */
  tooltip?: (seriesIndex: number, dataIndex: number) => string | undefined;
}

const WIDTH = 960;

/** The same data give the same text, whatever was drawn before in this process. */
export function renderChart(chart: Chart): Html {
  const instance = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: chart.width ?? WIDTH,
    height: chart.height,
  });
  try {
    instance.setOption({
      ...chart.option,
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: 'inherit', fontSize: 13, color: 'var(--ink)' },
    });
    return trusted(named(withoutTraces(withTooltips(instance.renderToSVGString(), chart)), chart));
  } finally {
    instance.dispose();
  }
}

const MARK = / ecmeta_series_index="(\d+)" ecmeta_data_index="(\d+)"([^>]*)><\/path>/g;

/** A `title` inside a mark is the browser's own tooltip: it needs no script. */
function withTooltips(svg: string, { tooltip }: Chart): string {
  return svg.replace(MARK, (mark, series: string, index: string, rest: string) => {
    const text = tooltip?.(Number(series), Number(index));
    if (text === undefined) return mark;
    return `${rest}><title>${escapeHtml(text)}</title></path>`;
  });
}

/** Takes out what only ECharts' own script in the browser would read. */
const withoutTraces = (svg: string): string =>
  svg
    .replace(/<style ?>[\s\S]*?<\/style>/g, '')
    .replace(/ (?:ecmeta_\w+|pointer-events)="[^"]*"/g, '')
    .replace(/ class="zr\d+-cls-\d+"/g, '');

const named = (svg: string, { id, title }: Chart): string =>
  svg
    .replace(/\bzr\d+-/g, `${id}-`)
    .replace(
      /^<svg [^>]*viewBox="([^"]*)">/,
      (_, viewBox: string) =>
        `<svg role="img" aria-labelledby="${id}-title" viewBox="${viewBox}">` +
        `<title id="${id}-title">${escapeHtml(title)}</title>`,
    );
