/** Shows where the time went, stage by stage. */
import { AFTER, INK, namesAxis, valueAxis } from '../chart-style';
import { duration } from '../format';
import { html, type Html } from '../html';
import { empty, renderFigure, sum, type Section } from '../parts';
import type { ReportData } from '../report-data';

export function stagesSection({ stages, seconds }: ReportData): Section {
  const named = Object.entries(stages);
  const content =
    named.length === 0
      ? empty('No stage has been timed.')
      : html`<p>
            The run took ${duration(seconds)}, of which ${duration(sum(Object.values(stages)))} in
            the stages below.
          </p>
          ${figureOf(named)}`;
  return { id: 'timings', title: 'Timings', content };
}

const ROW_PX = 30;

function figureOf(named: [string, number][]): Html {
  const { left, axis } = namesAxis(named.map(([name]) => name));
  return renderFigure(
    {
      id: 'timings-plot',
      title: `Seconds of each stage: ${named.map(([name, s]) => `${name} ${duration(s)}`).join(', ')}.`,
      height: 24 + ROW_PX * named.length,
      option: {
        grid: { left, right: 90, top: 8, bottom: 8 },
        xAxis: { ...valueAxis, axisLabel: { show: false }, splitLine: { show: false } },
        yAxis: axis,
        series: [
          {
            type: 'bar',
            data: named.map(([, s]) => s),
            barWidth: 16,
            itemStyle: { color: AFTER, borderRadius: [0, 4, 4, 0] },
            label: {
              show: true,
              position: 'right',
              color: INK,
              formatter: ({ dataIndex }) => duration(named[dataIndex]?.[1] ?? 0),
            },
          },
        ],
      },
    },
    'Stages in the order in which they ran, timed by the workflow.',
  );
}
