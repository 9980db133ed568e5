/** Which events and answers the ingest server still knows, and when it forgets them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentHash } from '../../../../core/hash';
import { KeptAnswers } from '../../../../streaming/ingest/answers';
import { RememberedEvents, type RememberedEvent } from '../../../../streaming/ingest/remembered';

const HOUR_MS = 60 * 60_000;
let folder: string;
let nowMs: number;
const now = () => nowMs;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-remembered-'));
  nowMs = Date.UTC(2025, 0, 1);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const DAY = 20_089;
const events = (deviceId: string, first: number, count: number, day = DAY) =>
  Array.from({ length: count }, (_, index) => ({
    ...{ deviceId, day },
    eventId: contentHash([deviceId, first + index], 32),
  }));

describe('events', () => {
  let remembered: RememberedEvents;
  const reopen = (more: object = {}) => {
    remembered = new RememberedEvents({ folder, eventsPerDevice: 100, now, ...more });
  };
  beforeEach(() => reopen());
  afterEach(() => remembered.close());

  const known = (all: RememberedEvent[]) => all.filter((event) => remembered.isKnown(event)).length;

  test('the last ones of each device are known, and far older ones are not', async () => {
    for (let first = 0; first < 1000; first += 10)
      await remembered.remember(events('a', first, 10));
    await remembered.remember(events('b', 0, 50));
    expect(known(events('a', 900, 100))).toBe(100);
    expect(known(events('a', 0, 800))).toBe(0);
    expect(known(events('b', 0, 50))).toBe(50);
    expect(known(events('c', 0, 50))).toBe(0);
  });

  test('the same events of another day are others', async () => {
    await remembered.remember(events('a', 0, 10));
    expect(known(events('a', 0, 10, DAY + 1))).toBe(0);
    await remembered.remember(events('a', 0, 5, DAY + 1));
    expect(known(events('a', 0, 10, DAY + 1))).toBe(5);
    expect(known(events('a', 0, 10))).toBe(10);
  });

  test('what is no longer known takes no room', async () => {
    await remembered.remember(events('a', 0, 1000));
    expect(remembered.size).toBeGreaterThan(200);
    await remembered.remember(events('a', 1000, 100));
    while (remembered.size > 200) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(known(events('a', 1000, 100))).toBe(100);
  });

  test('they are known for a day at least, and after two no more', async () => {
    await remembered.remember(events('a', 0, 10));
    nowMs += 23 * HOUR_MS;
    await remembered.remember(events('a', 10, 1));
    nowMs += 24 * HOUR_MS;
    await remembered.remember(events('a', 11, 1));
    expect(known(events('a', 10, 1))).toBe(1);
    nowMs += 25 * HOUR_MS;
    await remembered.remember(events('a', 12, 1));
    expect(known(events('a', 0, 11))).toBe(0);
  });

  test('what a clock far ahead has begun ends when it is set right', async () => {
    const rightMs = nowMs;
    nowMs += 1_000 * 24 * HOUR_MS;
    await remembered.remember([...events('a', 0, 10), ...events('silent', 0, 10)]);
    nowMs = rightMs;
    await remembered.remember(events('a', 10, 1));
    expect(known(events('a', 0, 11))).toBe(11);
    nowMs += 25 * HOUR_MS;
    await remembered.remember(events('a', 11, 1));
    expect(known(events('a', 0, 10))).toBe(0);
    await remembered.sweep();
    while (remembered.size > 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(known(events('a', 10, 2))).toBe(2);
  });

  test('a sweep forgets devices that fell silent, and no others', async () => {
    await remembered.remember([...events('silent', 0, 700), ...events('late', 0, 5)]);
    nowMs += 47 * HOUR_MS;
    await remembered.remember(events('late', 5, 1));
    nowMs += 2 * HOUR_MS;
    await remembered.sweep();
    expect(known(events('silent', 600, 100))).toBe(0);
    expect(known(events('late', 0, 6))).toBe(6);
    while (remembered.size > 6) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('a device that speaks again while it is swept keeps what it says', async () => {
    await remembered.remember(events('silent', 0, 3000));
    nowMs += 49 * HOUR_MS;
    const sweeping = remembered.sweep();
    for (let first = 5000; first < 5050; first += 1)
      await remembered.remember(events('silent', first, 1));
    await sweeping;
    expect(known(events('silent', 5000, 50))).toBe(50);
    await remembered.close();
    reopen();
    expect(known(events('silent', 5000, 50))).toBe(50);
    expect(known(events('silent', 2900, 100))).toBe(0);
  });

  test('a restart forgets none, and more devices than are held in memory none either', async () => {
    const devices = Array.from({ length: 50 }, (_, index) =>
      events(`device-${index}`, 0, 3),
    ).flat();
    await remembered.close();
    reopen({ devicesInMemory: 7 });
    await remembered.remember(devices);
    await remembered.close();
    reopen();
    expect(known(devices)).toBe(150);
  });
});

describe('answers', () => {
  let answers: KeptAnswers;
  beforeEach(() => {
    answers = new KeptAnswers({ folder, characters: 3000, now });
  });
  afterEach(() => answers.close());
  const answer = (body: string) => ({ status: 200, body, fingerprint: 'f' });

  test('belong to a sender, a key and a body', async () => {
    await answers.keep('a', 'key', answer('{}'));
    expect(answers.find('a', 'key', 'f')).toEqual({ status: 200, body: '{}' });
    expect(answers.find('a', 'key', 'other')).toBeNull();
    expect(answers.find('b', 'key', 'f')).toBeUndefined();
  });

  test('those of a clock far ahead go a day after it is set right', async () => {
    const rightMs = nowMs;
    nowMs += 1_000 * 24 * HOUR_MS;
    // The clock was wrong when the server began.
    await answers.close();
    answers = new KeptAnswers({ folder: join(folder, 'ahead'), characters: 3000, now });
    await answers.keep('a', 'first', answer('{}'));
    nowMs = rightMs;
    await answers.keep('a', 'second', answer('{}'));
    nowMs += 25 * HOUR_MS;
    await answers.keep('a', 'third', answer('{}'));
    expect(answers.find('a', 'first', 'f')).toBeUndefined();
    expect(answers.find('a', 'second', 'f')).toBeDefined();
  });

  test('are kept for a day, within a limit of their size', async () => {
    await answers.keep('a', 'first', answer('{}'));
    nowMs += 25 * HOUR_MS;
    await answers.keep('a', 'second', answer('{}'));
    expect(answers.find('a', 'first', 'f')).toBeDefined();
    for (let index = 0; index < 30; index += 1) await answers.keep('a', `${index}`, answer('{}'));
    expect(answers.find('a', 'first', 'f')).toBeUndefined();
    expect(answers.find('a', '29', 'f')).toBeDefined();
    expect(answers.find('a', '20', 'f')).toBeDefined();
  });
});
