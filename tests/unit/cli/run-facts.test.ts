/** What a progress line makes of a run's facts and its steps' heartbeats. */
import { factsLine, GrowingCounts, saidBy } from '../../../cli/run-facts';

test('figures of a run fit on one line', () => {
  expect(factsLine({ rows: 24410, pValue: 0.015625, batches: '2 of 5', version: null })).toBe(
    '24,410 rows, 2 of 5 batches, p 0.0156',
  );
});

test('what several steps have under way is added up; what one says is shown by itself', () => {
  const steps = [
    { underWay: { bytesRead: 5, membersBegun: 1 }, table: 'a' },
    { underWay: { bytesRead: 7 }, table: 'b' },
    null,
  ];
  expect(saidBy(steps)).toEqual({ work: {}, underWay: { bytesRead: 12, membersBegun: 1 } });
  expect(saidBy([steps[1]])).toEqual({ work: { table: 'b' }, underWay: { bytesRead: 7 } });
  expect(saidBy([])).toEqual({ work: {}, underWay: {} });
});

test('counts do not fall while a step ends, and a run shows none of another', () => {
  const counts = new GrowingCounts();
  const shown = (bytesRead: number, underWay: number, run = 'ingest/a') =>
    counts.with(run, { bytesRead, step: 'x' }, underWay > 0 ? { bytesRead: underWay } : {});
  expect(shown(100, 50)).toEqual({ bytesRead: 150, step: 'x' });
  // The step has ended, and the run does not know it yet.
  expect(shown(100, 0)).toEqual({ bytesRead: 150, step: 'x' });
  expect(shown(160, 10)).toEqual({ bytesRead: 170, step: 'x' });
  expect(shown(0, 10, 'ingest/b')).toEqual({ bytesRead: 10, step: 'x' });
});
