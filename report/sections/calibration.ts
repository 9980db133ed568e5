/** Shows whether a confidence can be taken at its word: the reliability plot and the calibration error. */
import { AFTER, AXIS, BEFORE, valueAxis } from '../chart-style';
import { count, counted, score, scoredOn } from '../format';
import { html, type Html } from '../html';
import { empty, numeric, renderFigure, renderTable, textual, type Section } from '../parts';
import type { ScoredReport, VersionEvaluation } from '../report-data';

type Bin = Record<'from' | 'to' | 'windows' | 'confidence' | 'accuracy', number>;

interface Curve {
  name: string;
  colour: string;
  bins: Bin[];
}

export function calibrationSection({ before, after }: ScoredReport): Section {
  const curves: Curve[] = [
    { name: `Version ${before.version}, before`, colour: BEFORE, bins: filledBins(before) },
    { name: `Version ${after.version}, after`, colour: AFTER, bins: filledBins(after) },
  ].slice(before.version === after.version ? 1 : 0);
  const isEmpty = curves.every(({ bins }) => bins.length === 0);
  const content = isEmpty
    ? empty('No window has been scored yet, so there is no calibration to show.')
    : html`<p>
          Expected calibration error over the bins of confidence below, on the holdout
          (${scoredOn(after.evaluation)}):
          <strong>${score(before.evaluation.calibrationError)}</strong> before,
          <strong>${score(after.evaluation.calibrationError)}</strong> after.
        </p>
        <div class="pair">
          ${figureOf(curves)}
          <div>${curves.map(tableOf)}</div>
        </div>`;
  return { id: 'calibration', title: 'Calibration', content };
}

const filledBins = ({ evaluation }: VersionEvaluation): Bin[] =>
  evaluation.reliability.flatMap((bin) => {
    const { confidence, accuracy } = bin;
    return confidence === null || accuracy === null ? [] : [{ ...bin, confidence, accuracy }];
  });

function figureOf(curves: Curve[]): Html {
  const most = Math.max(...curves.flatMap(({ bins }) => bins.map(({ windows }) => windows)));
  const axis = { ...valueAxis, min: 0, max: 1, interval: 0.2 };
  const diagonal = {
    type: 'line' as const,
    data: [
      [0, 0],
      [1, 1],
    ],
    symbol: 'none',
    lineStyle: { color: AXIS, type: 'dashed' as const, width: 1.5 },
  };
  return renderFigure(
    {
      id: 'calibration-plot',
      title: `Share of right answers against confidence, ${curves
        .map(({ name, bins }) => `${name}: ${counted(bins.length, 'bin')}`)
        .join('; ')}. On the dashed diagonal both agree.`,
      width: 500,
      height: 470,
      tooltip: (seriesIndex, dataIndex) => {
        const bin = curves[seriesIndex - 1]?.bins[dataIndex];
        return (
          bin &&
          `${counted(bin.windows, 'window')}: confidence ${score(bin.confidence)}, right ${score(bin.accuracy)}`
        );
      },
      option: {
        grid: { left: 56, right: 20, top: 14, bottom: 52 },
        xAxis: { ...axis, name: 'Mean confidence', nameGap: 32 },
        yAxis: { ...axis, name: 'Share of right answers', nameGap: 38 },
        series: [diagonal, ...curves.map((curve) => seriesOf(curve, most))],
      },
    },
    'Below the diagonal the classifier is too sure of itself, above it not sure enough. The larger a dot, the more windows it stands for; small ones say little.',
    [{ entries: curves }],
  );
}

const seriesOf = ({ colour, bins }: Curve, most: number) => ({
  type: 'line' as const,
  data: bins.map(({ confidence, accuracy, windows }) => ({
    value: [confidence, accuracy],
    // The area of a dot, not its width, stands for the windows.
    symbolSize: 6 + 18 * Math.sqrt(windows / most),
  })),
  symbol: 'circle',
  lineStyle: { color: colour, width: 2 },
  itemStyle: { color: colour, opacity: 0.8 },
});

const tableOf = ({ name, bins }: Curve): Html =>
  renderTable({
    caption: `${name}: reliability by bin of confidence`,
    columns: [
      textual('Confidence'),
      numeric('Windows'),
      numeric('Mean confidence'),
      numeric('Share right'),
    ],
    rows: bins.map((bin) => [
      html`<span class="nowrap">${bin.from.toFixed(2)}–${bin.to.toFixed(2)}</span>`,
      count(bin.windows),
      score(bin.confidence),
      score(bin.accuracy),
    ]),
  });
