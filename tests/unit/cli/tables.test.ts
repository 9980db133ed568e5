/** Tables beside the width of the terminal. */
import { cutTo, widthOf } from '../../../cli/columns';
import { showFacts, showTable } from '../../../cli/tables';
import { createVoice, type Voice } from '../../../cli/voice';
import { captured } from './fake-surroundings';

/** Written to a terminal of that width, or into a file. */
function written(columns: number | null, show: (voice: Voice) => void): string {
  const stream = captured();
  show({ ...createVoice(stream), width: columns });
  return stream.text();
}

const COLUMNS = [{ title: 'workflow' }, { title: 'reason' }, { title: 'rows', figures: true }];
const ID = 'refresh/a-dataset-with-a-long-name';
const REASON = 'the challenger was not proved better on the people of the holdout';
const ROWS = [[ID, REASON, '1,200']];

test('texts are cut to the width of a terminal; ids and figures stay whole', () => {
  const text = written(80, (voice) => showTable(voice, COLUMNS, ROWS));
  expect(text.split('\n').map((line) => line.length)).toEqual([80, 80, 0]);
  expect(text).toContain(`${ID}   the challenger was not proved be…   1,200`);
});

test('what cannot be cut that far stands upright', () => {
  const text = written(60, (voice) => showTable(voice, COLUMNS, [...ROWS, ['loop/b', '', '7']]));
  expect(text).toBe(
    [
      '  ── 1 ──',
      `  workflow   ${ID}`,
      `  reason     ${REASON}`,
      '  rows       1,200',
      '  ── 2 ──',
      '  workflow   loop/b',
      '  reason     ',
      '  rows       7',
      '',
    ].join('\n'),
  );
});

test('a terminal that is wide enough, and a file, get everything', () => {
  const whole = written(null, (voice) => showTable(voice, COLUMNS, ROWS));
  expect(whole).toContain(`${ID}   ${REASON}   1,200`);
  expect(written(200, (voice) => showTable(voice, COLUMNS, ROWS))).toBe(whole);
});

test('the width of a voice is that of its terminal', () => {
  expect(createVoice({ ...captured(), isTTY: true, columns: 100 }).width).toBe(100);
  expect(createVoice({ ...captured(), isTTY: true, columns: 0 }).width).toBeNull();
  expect(createVoice({ ...captured(), columns: 100 }).width).toBeNull();
});

test('wide characters take two columns, colours and marks none', () => {
  expect(widthOf('睡眠')).toBe(4);
  expect(widthOf('👩‍🔬 ok')).toBe(5);
  expect(widthOf('\u001b[2mdim\u001b[22m')).toBe(3);
  expect(widthOf('e\u0301')).toBe(1);
  expect(cutTo('睡眠の記録', 7)).toBe('睡眠の…');
  expect(cutTo('睡眠の記録', 6)).toBe('睡眠…');
  expect(cutTo('😀😀😀', 4)).toBe('😀…');
  expect(cutTo('plain', 5)).toBe('plain');
  expect(cutTo('plain', 0)).toBe('');
  expect(cutTo('睡'.repeat(100_000), 5)).toBe('睡睡…');
});

test('a list that is too wide goes on below, and a command stays whole', () => {
  const facts = { rejected: 'not-json 51, missing-device 50', next: 'npx watchlake refresh trial' };
  expect(written(30, (voice) => showFacts(voice, facts))).toBe(
    [
      '  rejected   not-json 51,',
      '             missing-device 50',
      '  next       npx watchlake refresh trial',
      '',
    ].join('\n'),
  );
  expect(written(null, (voice) => showFacts(voice, facts))).toContain(facts.rejected);
});

test('values stand under each other beside names of wide characters', () => {
  const text = written(80, (voice) => showFacts(voice, { 睡眠: 'a', step: 'b', none: null }));
  expect(text).toBe('  睡眠   a\n  step   b\n');
});
