import { fitted, plainProgress } from '../../../cli/progress-line';
import { createVoice } from '../../../cli/voice';
import { captured } from './fake-surroundings';

function observed() {
  const stream = captured();
  let now = 1_000_000;
  const line = plainProgress(createVoice(stream), () => now);
  return {
    line,
    lines: () => stream.text().split('\n').filter(Boolean),
    wait: (ms: number) => (now += ms),
  };
}

test('a log hears of every step once, and of figures now and then', () => {
  const { line, lines, wait } = observed();
  line.update('landing', 'rows 1');
  line.update('landing', 'rows 2');
  wait(10_000);
  line.update('landing', 'rows 3');
  wait(10_000);
  line.update('landing', 'rows 3');
  line.update('publishing');
  wait(60_000);
  line.update('publishing');
  expect(lines()).toEqual([
    '· landing (rows 1)',
    '· landing (rows 3)',
    '· publishing',
    '· publishing',
  ]);
});

test('a log hears ever more seldom that the same goes on, and of news as soon as ever', () => {
  const { line, lines, wait } = observed();
  const waitAMinute = () => {
    wait(60_000);
    line.update('waiting', '0 of 88');
  };
  line.update('waiting', '0 of 88');
  for (let minute = 0; minute < 60; minute += 1) waitAMinute();
  // At once, after 1, 3, 7, 15 and 31 minutes.
  expect(lines()).toHaveLength(6);
  for (let minute = 0; minute < 24 * 60; minute += 1) waitAMinute();
  // After 63 minutes, then every hour.
  expect(lines()).toHaveLength(30);
  line.update('waiting', '1 of 88');
  expect(lines().at(-1)).toBe('· waiting (1 of 88)');
  waitAMinute();
  expect(lines()).toHaveLength(32);
});

test('steps that go on side by side are told as seldom as one alone', () => {
  const { line, lines, wait } = observed();
  for (let second = 1; second <= 11; second += 1) {
    line.update('temporal', `fetching, ${second} s`);
    line.update('kafka', `fetching, ${second} s`);
    wait(1_000);
  }
  expect(lines()).toEqual([
    '· temporal (fetching, 1 s)',
    '· kafka (fetching, 1 s)',
    '· temporal (fetching, 11 s)',
    '· kafka (fetching, 11 s)',
  ]);
});

test('nothing is written after the line has been stopped', () => {
  const { line, lines } = observed();
  line.stop();
  line.update('late');
  expect(lines()).toEqual([]);
});

test('the moving line never wraps: its detail is cut first, then its step', () => {
  const shown = { step: 'landing', detail: 'rows 1,000 of 2,000' };
  expect(fitted(shown, 29)).toEqual(shown);
  expect(fitted(shown, 28)).toEqual({ step: 'landing', detail: 'rows 1,000 of 2,0…' });
  expect(fitted(shown, 7)).toEqual({ step: 'landing', detail: '' });
  expect(fitted(shown, 5)).toEqual({ step: 'land…', detail: '' });
  expect(fitted({ step: '落下', detail: '睡眠の記録' }, 12)).toEqual({
    step: '落下',
    detail: '睡眠…',
  });
});
