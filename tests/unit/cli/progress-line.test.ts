import { plainProgress } from '../../../cli/progress-line';
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

test('nothing is written after the line has been stopped', () => {
  const { line, lines } = observed();
  line.stop();
  line.update('late');
  expect(lines()).toEqual([]);
});
