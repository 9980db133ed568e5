/** Draws one line for each person, from the score before to the score after: a dumbbell plot. */
import { AFTER, BEFORE, FALLS, INK, namesAxis, scoreRange, valueAxis } from '../chart-style';
import { score, shown, signed } from '../format';
import type { Html } from '../html';
import { renderFigure, type Legend } from '../parts';

export interface Person {
  subject: string;
  /** What the chart calls the person, whom the table names by key. */
  name: string;
  windows: number;
  /** Null when the version before was not scored on this person. */
  before: { accuracy: number; macroF1: number } | null;
  after: { accuracy: number; macroF1: number };
}

const ROW_PX = 38;

/** Of the axis: so near its beginning there is no room for a difference before the names. */
const CRAMPED_SHARE = 0.08;

const LEGEND: Legend = {
  entries: [
    { name: 'Before', colour: BEFORE },
    { name: 'After', colour: AFTER },
  ],
};

export function renderPeoplePlot(people: readonly Person[]): Html {
  const { left, axis } = namesAxis(people.map(({ name }) => name));
  const scores = people.flatMap(({ before, after }) => [(before ?? after).macroF1, after.macroF1]);
  const range = scoreRange(scores);
  const hasRoom = ({ before, after }: Person): boolean =>
    !hasFallen(before, after) ||
    after.macroF1 - range.min > CRAMPED_SHARE * (range.max - range.min);
  const sentences = people.map((person) => `${person.name} ${changeOf(person)}`);
  return renderFigure(
    {
      id: 'people-plot',
      title: `Macro-F1 of each person before and after: ${sentences.join(', ')}.`,
      height: 60 + ROW_PX * people.length,
      tooltip: (_, row) => people[row] && `${people[row].name}: ${changeOf(people[row])}`,
      option: {
        grid: { left, right: 64, top: 8, bottom: 48 },
        xAxis: { ...valueAxis, name: 'Macro-F1', nameGap: 30, ...range },
        yAxis: { ...axis, axisLine: { show: false } },
        series: [
          {
            type: 'lines',
            coordinateSystem: 'cartesian2d',
            data: people.map(lineOf),
            lineStyle: { width: 4, opacity: 0.45 },
          },
          {
            ...dots(BEFORE),
            data: people.map((person, row) => startOf(person, row, !hasRoom(person))),
          },
          {
            ...dots(AFTER),
            data: people.map((person, row) => endOf(person, row, hasRoom(person))),
          },
        ],
      },
    },
    'Each line is one person of the holdout, from the first champion’s macro-F1 to the last one’s; red lines got worse.',
    [LEGEND],
  );
}

const changeOf = ({ before, after }: Person): string =>
  `${score(before?.macroF1 ?? null)} → ${score(after.macroF1)}`;

const dots = (color: string) => ({
  type: 'scatter' as const,
  symbolSize: 13,
  itemStyle: { color, opacity: 1 },
});

const lineOf = ({ before, after }: Person, row: number) => ({
  coords: [
    [(before ?? after).macroF1, row],
    [after.macroF1, row],
  ],
  lineStyle: { color: hasFallen(before, after) ? FALLS : AFTER },
});

const differenceOf = ({ before, after }: Person) => ({
  distance: 9,
  color: INK,
  formatter: signed(before && after.macroF1 - before.macroF1),
});

const startOf = (person: Person, row: number, isLabelled: boolean) => ({
  value: [person.before?.macroF1 ?? NaN, row],
  label: { ...differenceOf(person), show: isLabelled, position: 'right' as const },
});

/** The difference stands beyond the end, where the line does not cross it; without room there, beside the start. */
const endOf = (person: Person, row: number, isLabelled: boolean) => ({
  value: [person.after.macroF1, row],
  label: {
    ...differenceOf(person),
    show: isLabelled && person.before !== null,
    position: hasFallen(person.before, person.after) ? ('left' as const) : ('right' as const),
  },
});

const hasFallen = (before: Person['before'], after: Person['after']): boolean =>
  before !== null && shown(after.macroF1 - before.macroF1) < 0;
