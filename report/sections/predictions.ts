/** Shows what the stream was classified as over time, and by which version. */
import {
  AFTER,
  BEFORE,
  categoryAxis,
  MUTED,
  OTHERS,
  PALETTE_SIZE,
  seriesColour,
  SURFACE,
  valueAxis,
} from '../chart-style';
import { count, counted, deviceTime, lengthOf, percent, score } from '../format';
import { html, type Html } from '../html';
import {
  className,
  empty,
  numeric,
  renderFigure,
  renderTable,
  sum,
  textual,
  type Section,
} from '../parts';
import type { PredictionCount, ReportData } from '../report-data';
import {
  foldRareClasses,
  layersBy,
  meanConfidence,
  OTHER_CLASSES,
  rebucket,
  type Layers,
} from './prediction-buckets';
import { createMarks } from './time-steps';

export function predictionsSection(data: ReportData): Section {
  const counts = data.predictions.filter(({ windows }) => windows > 0);
  const content =
    counts.length === 0
      ? empty('Nothing has been predicted yet.')
      : html`${figureOf(data, counts)}
          <div class="pair">${tableBy('version', counts)}${tableBy('label', counts)}</div>`;
  return { id: 'predictions', title: 'Predictions over time', content };
}

function figureOf(data: ReportData, counts: PredictionCount[]): Html {
  const { counts: plotted, lengthMs } = rebucket(foldRareClasses(counts), data.predictionBucketMs);
  const labels = [...new Set(plotted.map(({ label }) => label))].sort(othersLast);
  const versions = [...new Set(plotted.map(({ version }) => version))].sort(byNumber);
  const classes = layersBy(plotted, 'label', labels);
  const layers = [classes, named(layersBy(plotted, 'version', versions), versionName)] as const;
  const colours = [
    labels.map(classColour),
    versions.map((version, index) => versionColour(data, version, index)),
  ] as const;
  const all = layers.flatMap(({ series }) => series);
  return renderFigure(
    {
      id: 'predictions-plot',
      title: `Windows predicted over time by class (above) and by version (below), ${counted(sum(counts.map((c) => c.windows)), 'window')} in ${counted(classes.starts.length, 'interval')}.`,
      height: 388,
      tooltip: (seriesIndex, dataIndex) => {
        const series = all[seriesIndex];
        const start = classes.starts[dataIndex];
        if (series === undefined || start === undefined) return undefined;
        return `${series.name}: ${counted(series.windows[dataIndex] ?? 0, 'window')} from ${deviceTime(start)}`;
      },
      option: {
        grid: [
          { left: 56, right: 48, top: 12, height: 220 },
          { left: 56, right: 48, top: 254, height: 76 },
        ],
        xAxis: [timeAxis(classes.starts, 0, false), timeAxis(classes.starts, 1, true)],
        yAxis: [countAxis(0, 4), countAxis(1, 2)],
        series: layers.flatMap((layer, panel) => barsOf(layer, panel, colours[panel] ?? [])),
      },
    },
    `Each bar counts the windows that begin within ${lengthOf(lengthMs)}, of all devices together, by the devices’ own clocks; intervals in which nothing was predicted are left out. Above: what was predicted, which is not compared with the truth here. Below: which version predicted it; where versions met different people, their shares and confidences do not compare.`,
    [
      { heading: 'Class', entries: entriesOf(labels, colours[0]) },
      { heading: 'Version', entries: entriesOf(versions.map(versionName), colours[1]) },
    ],
  );
}

const versionName = (version: string): string => `Version ${version}`;

const named = ({ starts, series }: Layers, nameOf: (name: string) => string): Layers => ({
  starts,
  series: series.map(({ name, windows }) => ({ name: nameOf(name), windows })),
});

const barsOf = ({ series }: Layers, panel: number, colours: readonly string[]) =>
  series.map(({ name, windows }, index) => ({
    type: 'bar' as const,
    name,
    stack: String(panel),
    xAxisIndex: panel,
    yAxisIndex: panel,
    data: windows.map((value) => (value === 0 ? null : value)),
    barCategoryGap: '12%',
    barMaxWidth: 48,
    itemStyle: { color: colours[index], borderColor: SURFACE, borderWidth: 0.75 },
  }));

const entriesOf = (names: readonly string[], colours: readonly string[]) =>
  names.map((name, index) => ({ name, colour: colours[index] ?? OTHERS }));

const timeAxis = (starts: number[], gridIndex: number, named: boolean) => ({
  ...categoryAxis,
  gridIndex,
  data: starts.map(deviceTime),
  name: named ? 'Start of the interval, device time' : '',
  nameGap: 30,
  axisLabel: {
    ...categoryAxis.axisLabel,
    color: MUTED,
    show: named,
    interval: createMarks(starts),
    hideOverlap: true,
  },
});

const countAxis = (gridIndex: number, splitNumber: number) => ({
  ...valueAxis,
  gridIndex,
  splitNumber,
  minInterval: 1,
  name: 'Windows',
  nameGap: 42,
});

/** The first colour comes last: it means the new champion elsewhere in the page. */
const classColour = (label: string, index: number): string =>
  label === OTHER_CLASSES ? OTHERS : seriesColour((index + 1) % PALETTE_SIZE);

/** The same colours for before and after as everywhere else in the page. */
function versionColour({ before, after }: ReportData, version: string, index: number): string {
  if (version === after?.version) return AFTER;
  return version === before?.version ? BEFORE : seriesColour(index + 2);
}

const othersLast = (a: string, b: string): number =>
  Number(a === OTHER_CLASSES) - Number(b === OTHER_CLASSES) || (a < b ? -1 : 1);
const byNumber = (a: string, b: string): number => Number(a) - Number(b) || (a < b ? -1 : 1);

function tableBy(key: 'version' | 'label', counts: PredictionCount[]): Html {
  const total = sum(counts.map(({ windows }) => windows));
  const names = [...new Set(counts.map((entry) => entry[key]))].sort(
    key === 'version' ? byNumber : othersLast,
  );
  return renderTable({
    caption: key === 'version' ? 'Predictions by version' : 'Predictions by class',
    columns: [
      textual(key === 'version' ? 'Version' : 'Class'),
      numeric('Windows'),
      numeric('Share'),
      numeric('Mean confidence'),
    ],
    rows: names.map((name) => {
      const own = counts.filter((entry) => entry[key] === name);
      const windows = sum(own.map((entry) => entry.windows));
      return [
        className(name),
        count(windows),
        percent(windows / total),
        score(meanConfidence(own)),
      ];
    }),
  });
}
