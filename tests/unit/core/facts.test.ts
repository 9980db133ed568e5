/** How the facts of runs read. */
import { wordedFacts, type Facts } from '../../../core/facts';

const texts = (facts: Facts) => wordedFacts(facts).map(({ text }) => text);

test('counts read as words, in their order, and zeros that tell nothing are left out', () => {
  const counters = { predicted: 1_200, late: 0, deadLettered: 3, skipped: 0, tooLong: 1 };
  expect(texts({ model: 'activity', ...counters })).toEqual([
    'model activity',
    '1,200 windows predicted',
    '3 dead letters',
    '1 signal too long to ask about',
  ]);
  expect(texts({ predicted: 0, lag: 0, rejected: 0 })).toEqual([
    '0 windows predicted',
    '0 messages behind',
  ]);
});

test('what the broker deleted before it landed is told where there was any', () => {
  expect(texts({ skippedOffsets: 0 })).toEqual([]);
  expect(texts({ skippedOffsets: 2 })).toEqual(['2 messages deleted before they landed']);
});

test('a figure stands beside how many there are in all', () => {
  const facts = { bytesRead: 0, bytesInAll: 3_400_000, membersBegun: 1, members: 140, rows: 0 };
  expect(texts(facts)).toEqual(['0 B of 3.4 MB read', '1 of 140 members begun']);
  expect(texts({ downloaded: 1_000_000, of: null })).toEqual(['1.0 MB downloaded']);
  expect(texts({ batches: '2 of 5', done: '34 %' })).toEqual(['2 of 5 batches', '34 % done']);
});

test('what has no words of its own shows no internal name, and a table keeps its name', () => {
  expect(texts({ someNewCount: 0.015625, newHoldoutAdvised: true, other: false })).toEqual([
    'some new count 0.0156',
    'a new holdout is advised',
  ]);
  expect(texts({ windows: '1,200 rows', sample_rates: '3 rows', constructor: 'a' })).toEqual([
    'windows 1,200 rows',
    'sample_rates 3 rows',
    'constructor a',
  ]);
});
