import { splitSubjects } from '../../../models/split';
import { codeThrownBy } from './made-data';

const subjects = ['P03', 'P01', 'P02', 'P05', 'P04', 'P10', 'P09', 'P08', 'P07', 'P06'];
const labelled = new Set(subjects);
const sizes = { bootstrap: 1, stream: 3, holdout: 6 };

test('deals every subject to at most one part', () => {
  const { bootstrap, stream, holdout } = splitSubjects({ subjects, labelled, seed: 0, sizes });
  expect([bootstrap.length, stream.length, holdout.length]).toEqual([1, 3, 6]);
  expect([...bootstrap, ...stream, ...holdout].sort()).toEqual([...subjects].sort());
});

test('depends on the names and the seed, not on their order', () => {
  const split = splitSubjects({ subjects, labelled, seed: 0, sizes });
  expect(splitSubjects({ subjects: [...subjects].reverse(), labelled, seed: 0, sizes })).toEqual(
    split,
  );
  const others = [1, 2, 3, 4].map((seed) => splitSubjects({ subjects, labelled, seed, sizes }));
  expect(others.some(({ bootstrap }) => bootstrap[0] !== split.bootstrap[0])).toBe(true);
});

test('refuses to deal out more subjects than there are', () => {
  expect(
    codeThrownBy(() => splitSubjects({ subjects: subjects.slice(0, 9), labelled, seed: 0, sizes })),
  ).toBe('TRAINING_DATA_INSUFFICIENT');
});

test.each([
  { bootstrap: 1, stream: -1, holdout: 6 },
  { bootstrap: 1, stream: 1.5, holdout: 6 },
  { bootstrap: 1, stream: NaN, holdout: 6 },
])('refuses to deal out %j', (odd) => {
  expect(codeThrownBy(() => splitSubjects({ subjects, labelled, seed: 0, sizes: odd }))).toBe(
    'TRAINING_DATA_INSUFFICIENT',
  );
});

test('deals nobody to a part of no size', () => {
  const none = { ...sizes, stream: 0 };
  expect(splitSubjects({ subjects, labelled, seed: 0, sizes: none }).stream).toEqual([]);
});

const seeds = Array.from({ length: 20 }, (_, seed) => seed);

test('deals those without labels to the stream alone, whatever the seed', () => {
  const some = new Set(['P01', 'P02', 'P04', 'P05', 'P07', 'P08', 'P10']);
  for (const seed of seeds) {
    const split = splitSubjects({ subjects, labelled: some, seed, sizes });
    expect([...split.bootstrap, ...split.holdout].sort()).toEqual([...some].sort());
    expect(split.stream).toEqual(['P03', 'P06', 'P09']);
  }
});

test('keeps every draw in which those whom it judges by have labels', () => {
  const fewer = { ...sizes, holdout: 4 };
  const drawn = seeds.map((seed) => ({
    seed,
    split: splitSubjects({ subjects, labelled, seed, sizes: fewer }),
  }));
  for (const { seed, split } of drawn) {
    const judging = new Set([...split.bootstrap, ...split.holdout]);
    expect(splitSubjects({ subjects, labelled: judging, seed, sizes: fewer })).toEqual(split);
  }
});

test('counts those with labels, who are too few, apart', () => {
  const few = new Set(['P01', 'P02', 'P03', 'P04', 'P05', 'P06']);
  expect(() => splitSubjects({ subjects, labelled: few, seed: 0, sizes })).toThrow(
    /needs 7 subjects with labelled windows.*there are 6/,
  );
});
