/** Which messages are a person's. */
import { isMessageOf } from '../../../streaming/erase';
import type { ReceivedMessage } from '../../../streaming/ports';
import { JSON_CASES, NUMERAL_NEEDLES } from '../../support/numeral-cases';

const message = (key: string, value: string, headers = {}): ReceivedMessage => ({
  ...{ partition: 0, offset: 0, key, headers },
  value: Buffer.from(value),
});

describe('of somebody called by digits alone', () => {
  const isTheirs = isMessageOf({ ...NUMERAL_NEEDLES, devices: ['300456'] });

  test.each(JSON_CASES)('$text', ({ text, replaced }) => {
    expect(isTheirs(message('watch', text))).toBe(replaced !== null);
  });

  test('by key and by header', () => {
    const other = '{"n":100234}';
    expect(isTheirs(message('300456', other))).toBe(true);
    expect(isTheirs(message('100234', other))).toBe(true);
    expect(isTheirs(message('watch', other, { subject: '100234' }))).toBe(true);
    expect(isTheirs(message('1002345', other, { bytes: '1002340' }))).toBe(false);
  });
});
