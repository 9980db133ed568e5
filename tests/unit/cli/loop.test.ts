/** What `loop` says before it waits for people: where they answer, and when their answers cannot be enough. */
import { pValueText } from '../../../cli/commands/retrain';
import { fakeClient, fakeContext, run, UP } from './fake-surroundings';

/** What is told of a loop that has begun; `annotation` knows the campaigns of before. */
async function told(words: string[], annotation?: object): Promise<string> {
  const client = fakeClient({}, []);
  const services = {
    readState: async () => UP,
    connect: async () => fakeContext({ client, ...(annotation && { annotation }) } as never),
  };
  return (await run(['loop', '--dataset', 'trial', ...words], { services })).stderr;
}

test('where people answer', async () => {
  const page = 'http://127.0.0.1:8080/label?campaign=trial';
  expect(await told([])).toContain(page);
  expect(await told(['--answered-by', 'oracle', '--by-hand', '3'])).toContain(page);
  expect(await told(['--answered-by', 'oracle'])).not.toContain(page);
});

test('that so few labels cannot judge a challenger, and how many are enough', async () => {
  const few = await told(['--labels', '30']);
  expect(few).toContain('Among 30 labels are 5 audit labels; 20 since');
  expect(few).toContain('`--labels 134` is enough');
  expect(await told(['--labels', '134'])).not.toContain('audit label');
});

test('nothing of all that when it is refused', async () => {
  const stderr = await told(['--model', 'my model', '--labels', '30']);
  expect(stderr).toContain('--model: use');
  expect(stderr).not.toContain('People answer at');
  expect(stderr).not.toContain('audit label');
});

test('that nobody is asked where the name has asked before, and how one asks again', async () => {
  const annotation = { progress: async () => ({ status: 'closed', answered: 1_250 }) };
  const stderr = await told(['--labels', '30'], annotation);
  expect(stderr).toContain('Nobody is asked: trial has asked before.');
  expect(stderr).toContain('Its replays and its labels (1,250) are used again.');
  expect(stderr).toContain('--name');
  expect(stderr).not.toContain('People answer at');
  expect(stderr).not.toContain('audit label');
});

test('no p-value of zero', () => {
  expect([1 / 64, 1 / 2 ** 20, null].map(pValueText)).toEqual(['0.0156', '< 0.0001', '–']);
});
