/** `devices token` from the command line. */
import { run } from './fake-surroundings';

test.each(['issue', 'rotate'])('%s makes no token that has ended when it is made', async (verb) => {
  const words = ['devices', 'token', verb, 'watch-0001', '--days', '0'];
  const { exitCode, stderr } = await run(words);
  expect(exitCode).not.toBe(0);
  expect(stderr.replace(/\s+/g, ' ')).toContain('Give a number from 0.001 to 36500.');
});
