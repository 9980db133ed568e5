/** Why a detached supervisor has ended: told by its log, with the code that it had. */
import { WatchlakeError } from '../../../core/errors';
import { failureIn, failureLine } from '../../../workers/start-failure';

const LOG = '/home/logs/supervisor.log';

test('an error of the catalogue comes back as it was', () => {
  const error = new WatchlakeError('PORT_TAKEN', { port: 7233, service: 'Temporal' });
  const text = `{"level":30}\nno JSON\n${failureLine(error)}\n`;
  const { code, message, remedy } = failureIn(text, LOG);
  expect({ code, message, remedy }).toEqual({
    ...{ code: 'PORT_TAKEN', message: error.message, remedy: error.remedy },
  });
});

test('another one is told with its own message, and none with the place of the log', () => {
  expect(failureIn(failureLine(new Error('no such thing')), LOG)).toMatchObject({
    ...{ code: 'STACK_FAILED', message: 'Watchlake did not start: no such thing' },
  });
  expect(failureIn('{"level":30}\n', LOG).message).toContain(LOG);
});
