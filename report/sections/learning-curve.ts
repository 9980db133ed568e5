/** Shows how the scores grew with the training data, one point for each trained version. */
import {
  AFTER,
  categoryAxis,
  INK,
  scoreRange,
  seriesColour,
  SURFACE,
  valueAxis,
} from '../chart-style';
import { count, score, scoredOn } from '../format';
import { html, type Html } from '../html';
import { empty, numeric, renderFigure, renderTable, textual, type Section } from '../parts';
import type { LearningPoint, ReportData, RetrainDecision } from '../report-data';

const TITLE = 'Learning curve';

export function learningCurveSection(data: ReportData): Section {
  const { learningCurve } = data;
  const none = empty('No version has been trained yet.');
  const content = learningCurve.length === 0 ? none : html`${figureOf(data)}${tableOf(data)}`;
  return { id: 'learning-curve', title: TITLE, content };
}

const STANDINGS = {
  promote: 'promoted',
  reject: 'rejected',
  'need-more-labels': 'needs more labels',
  skipped: 'not decided',
} as const satisfies Record<RetrainDecision['outcome'], string>;

function standingOf({ version }: LearningPoint, { before, after, retrains }: ReportData): string {
  const decision = retrains.find((retrain) => retrain.version === version);
  if (decision) return decision.negativeControl ? 'negative control' : STANDINGS[decision.outcome];
  if (version === before?.version) return 'first champion';
  return version === after?.version ? 'champion' : 'not decided';
}

const CHAMPIONS = ['first champion', 'champion', 'promoted'];

const CURVES = [
  { name: 'Macro-F1', colour: AFTER, of: (point: LearningPoint) => point.macroF1 },
  { name: 'Accuracy', colour: seriesColour(1), of: (point: LearningPoint) => point.accuracy },
] as const;

/** Solid and joined: the champions. Hollow: the others. A trial of the gate is no learning. */
function figureOf(data: ReportData): Html {
  const learned = data.learningCurve
    .filter((point) => standingOf(point, data) !== 'negative control')
    .sort((a, b) => a.trainingWindows - b.trainingWindows);
  const wasChampion = (point: LearningPoint) => CHAMPIONS.includes(standingOf(point, data));
  const groups = [learned.filter(wasChampion), learned.filter((point) => !wasChampion(point))];
  const series = CURVES.flatMap((curve, index) =>
    groups.map((points, group) => seriesOf(curve, points, group === 0, index === 0)),
  );
  return renderFigure(
    {
      id: 'learning-curve-plot',
      title: `Macro-F1 on the holdout against training windows: ${learned
        .map((point) => `version ${point.version} ${score(point.macroF1)}`)
        .join(', ')}.`,
      height: 320,
      tooltip: (seriesIndex, dataIndex) => {
        const point = groups[seriesIndex % 2]?.[dataIndex];
        const curve = CURVES[Math.floor(seriesIndex / 2)];
        return (
          point && curve && `Version ${point.version}: ${curve.name} ${score(curve.of(point))}`
        );
      },
      option: {
        grid: { left: 64, right: 32, top: 16, bottom: 52 },
        xAxis: {
          ...valueAxis,
          name: 'Training windows',
          nameGap: 32,
          scale: true,
          splitLine: { show: false },
          axisLine: { ...categoryAxis.axisLine, show: true },
          boundaryGap: ['10%', '10%'],
        },
        yAxis: {
          ...valueAxis,
          name: 'Score on the holdout',
          nameGap: 44,
          ...scoreRange(learned.flatMap((point) => CURVES.map((curve) => curve.of(point)))),
        },
        series,
      },
    },
    `Each point is one version, scored on the holdout${data.after ? `: ${scoredOn(data.after.evaluation)}` : ''}, whom no version has learned from, all windows together. Hollow points did not become champion; challengers trained on shuffled labels are in the table alone.`,
    [{ entries: CURVES }],
  );
}

function seriesOf(
  { colour, of }: (typeof CURVES)[number],
  points: LearningPoint[],
  areChampions: boolean,
  areNamed: boolean,
) {
  const fill = areChampions
    ? { color: colour, borderColor: SURFACE }
    : { color: SURFACE, borderColor: colour };
  return {
    type: 'line' as const,
    data: points.map((point) => [point.trainingWindows, of(point)]),
    symbol: 'circle',
    // The dashes and smaller dots on top leave the other curve visible where the two coincide.
    symbolSize: areNamed ? 13 : 8,
    z: areNamed ? 3 : 4,
    lineStyle: {
      width: areChampions ? 3 : 0,
      color: colour,
      type: areNamed ? ('solid' as const) : [8, 8],
    },
    itemStyle: { ...fill, borderWidth: 2 },
    label: {
      show: areNamed,
      position: 'bottom' as const,
      distance: 8,
      color: INK,
      formatter: ({ dataIndex }: { dataIndex: number }) =>
        `version ${points[dataIndex]?.version ?? ''}`,
    },
  };
}

const tableOf = (data: ReportData): Html =>
  renderTable({
    caption: 'Versions and what they learned from, and their scores on the holdout',
    columns: [
      textual('Version'),
      textual('Standing'),
      numeric('Training windows'),
      numeric('Labels of campaigns'),
      numeric('Accuracy'),
      numeric('Macro-F1'),
    ],
    rows: data.learningCurve.map((point) => [
      point.version,
      standingOf(point, data),
      count(point.trainingWindows),
      count(point.labels),
      score(point.accuracy),
      score(point.macroF1),
    ]),
  });
