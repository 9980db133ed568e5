import { splitSubjects } from '../../../models/split';
import { codeThrownBy } from './made-data';

const subjects = ['P03', 'P01', 'P02', 'P05', 'P04', 'P10', 'P09', 'P08', 'P07', 'P06'];
const sizes = { bootstrap: 1, stream: 3, holdout: 6 };

test('deals every subject to at most one part', () => {
  const { bootstrap, stream, holdout } = splitSubjects({ subjects, seed: 0, sizes });
  expect([bootstrap.length, stream.length, holdout.length]).toEqual([1, 3, 6]);
  expect([...bootstrap, ...stream, ...holdout].sort()).toEqual([...subjects].sort());
});

test('depends on the names and the seed, not on their order', () => {
  const split = splitSubjects({ subjects, seed: 0, sizes });
  expect(splitSubjects({ subjects: [...subjects].reverse(), seed: 0, sizes })).toEqual(split);
  const others = [1, 2, 3, 4].map((seed) => splitSubjects({ subjects, seed, sizes }));
  expect(others.some(({ bootstrap }) => bootstrap[0] !== split.bootstrap[0])).toBe(true);
});

test('refuses to deal out more subjects than there are', () => {
  expect(
    codeThrownBy(() => splitSubjects({ subjects: subjects.slice(0, 9), seed: 0, sizes })),
  ).toBe('TRAINING_DATA_INSUFFICIENT');
});
