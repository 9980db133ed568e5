/** A download that breaks off is tried again, a few times; what cannot help is not. */
import { WatchlakeError } from '../../../core/errors';
import { download } from '../../../stack/attempts';
import { mavenError } from '../../../stack/maven-jars';

const ABOUT = { what: 'tool 1.0', from: 'PyPI (tool==1.0)', component: 'tool' };

/** Breaks off so often, and tells how often it was asked. */
const breaking = (times: number, error = new Error('it broke off')) => {
  const asked: number[] = [];
  const messages: string[] = [];
  const done = download(
    {
      ...{ ...ABOUT, limitMs: 60_000, pauseMs: 0 },
      onProgress: ({ message }) => messages.push(message),
    },
    async (limitMs) => {
      asked.push(limitMs);
      if (asked.length <= times) throw error;
      return 'whole';
    },
  );
  return { asked, messages, done };
};

test('the next attempt may get all of it, in the time that is left', async () => {
  const { asked, messages, done } = breaking(2);
  expect(await done).toBe('whole');
  expect(asked).toHaveLength(3);
  expect(Math.max(...asked)).toBeLessThanOrEqual(60_000);
  expect(messages).toEqual([
    'the download broke off; trying again (2 of 3)',
    'the download broke off; trying again (3 of 3)',
  ]);
});

test('the last error says what, from where, how often, and to run it again', async () => {
  const { asked, done } = breaking(3);
  await expect(done).rejects.toMatchObject({
    code: 'DOWNLOAD_FAILED',
    message: 'tool 1.0 could not be downloaded from PyPI (tool==1.0), tried 3 times: it broke off',
    remedy: expect.stringContaining('run the command again') as string,
  });
  expect(asked).toHaveLength(3);
});

test('a missing tool is not tried again, nor is anything once the time is over', async () => {
  const missing = breaking(1, new WatchlakeError('TOOL_MISSING', { tool: 'mvn' }));
  await expect(missing.done).rejects.toMatchObject({ code: 'TOOL_MISSING' });
  expect(missing.asked).toHaveLength(1);
  let asked = 0;
  const late = download({ ...ABOUT, limitMs: 10 }, () => {
    asked += 1;
    return Promise.reject(new Error('too slow'));
  });
  await expect(late).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
  expect(asked).toBe(1);
});

test('of what Maven says the cause is told, not how to read more of it', () => {
  const cause = 'Could not transfer artifact a:b:jar:1 from/to central (https://repo.example)';
  const output = `\u001b[0m[ERROR] ${cause} -> [Help 1]\n[ERROR] \n[ERROR] Re-run Maven using -X\n`;
  expect(mavenError(output)).toBe(cause);
  expect(mavenError('Killed\n')).toBe('Killed');
});
