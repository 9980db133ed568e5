/** Columns that nothing reads: told in full where there are few, and within bounds whatever a header holds. */
import { addUnread, toldUnread, unreadOf } from '../../../lakehouse/landing/unread-columns';

const known = ['timestamp_ms', 'ax', 'label'];

test('a header of known columns leaves nothing to tell', () => {
  expect(unreadOf('samples', [' timestamp_ms', 'ax ', 'label', ''], known)).toEqual([]);
  expect(toldUnread([])).toEqual({});
});

test('a column of several files is one, and those of most files come first', () => {
  const one = unreadOf('samples', ['timestamp_ms', 'aX', 'note'], known);
  const two = unreadOf('samples', ['timestamp_ms', 'note'], known);
  expect(addUnread([one, two])).toEqual([
    { file: 'samples', column: 'note', files: 2 },
    { file: 'samples', column: 'aX', files: 1 },
  ]);
});

test('names stay short and move no cursor, and few of many are told', () => {
  const names = ['\u001b[2Jx\u202e\n', 'y'.repeat(5000)];
  const many = Array.from({ length: 5000 }, (_, at) => `c${at}`);
  const all = addUnread([unreadOf('samples', [...names, ...many], known)]);
  expect(all[0]?.column).toBe('\ufffd[2Jx\ufffd');
  expect(all[1]?.column).toHaveLength(60);
  const told = toldUnread(all);
  expect(told.unreadColumns).toHaveLength(20);
  expect(told.moreUnreadColumns).toBe(80);
  expect(JSON.stringify(told).length).toBeLessThan(3000);
});
