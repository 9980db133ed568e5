/** The client that plays a file of events: order, pace, outages, and going on after a stop. */
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { linesOf } from '../../../../streaming/send/event-file';
import { sendEvents, type SendOptions } from '../../../../streaming/send/send-events';
import { event, lines, startIngest, type TestIngest } from '../../../support/ingest';

let folder: string;
let file: string;
let ingest: TestIngest;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-send-'));
  file = join(folder, 'events.jsonl');
  ingest = await startIngest();
});
afterEach(async () => {
  await ingest.close();
  await rm(folder, { recursive: true, force: true });
});

const send = (options: Partial<SendOptions> = {}) =>
  sendEvents({
    file,
    url: ingest.url,
    stateFolder: join(folder, 'state'),
    speed: null,
    ...options,
  });

interface Stored {
  readonly device_id: string;
  readonly sequence: number;
}

const stored = (): Stored[] =>
  ingest.broker.events.map(({ value }) => JSON.parse(String(value)) as Stored);

const sequencesOf = (device: string): number[] =>
  stored()
    .filter(({ device_id }) => device_id === device)
    .map(({ sequence }) => sequence);

const device = (index: number) => `watch-${index}`;

/** Round after round, each device's next event. */
const rounds = (devices: number, count: number) =>
  Array.from({ length: devices * count }, (_, index) => {
    const sequence = Math.floor(index / devices);
    return event(sequence, { device_id: device(index % devices), sequence });
  });

const upTo = (count: number) => [...Array(count).keys()];

test('devices go side by side, each in its order, through failures of all kinds', async () => {
  await writeFile(file, lines(rounds(20, 100)));
  let calls = 0;
  ingest.broker.send = async () => {
    calls += 1;
    await pause(2);
    if (calls === 3 || calls === 9) throw new Error('gone');
  };
  const result = await send({ batchLines: 40 });
  expect(result).toMatchObject({ sent: 2000, accepted: 2000, lines: 2000, rejected: {} });
  for (const index of upTo(20)) expect(sequencesOf(device(index))).toEqual(upTo(100));
  expect(await readdir(join(folder, 'state'))).toEqual([]);
});

test('what is no event is sent as it is, and counted by its reason', async () => {
  await writeFile(file, `${lines(rounds(2, 5))}\nnonsense\n\n{"hr":1}\n${lines([event(1)])}`);
  expect(await send()).toMatchObject({
    ...{ sent: 13, accepted: 11, rejected: { 'not-json': 1, 'missing-device': 1 } },
  });
  expect(ingest.broker.deadLetters.map(({ value }) => String(value))).toEqual([
    'nonsense',
    '{"hr":1}',
  ]);
});

test.each(['', '\n \n'])('a file without a line is refused: %j', async (content) => {
  await writeFile(file, content);
  await expect(send()).rejects.toMatchObject({ code: 'EVENTS_EMPTY', context: { file } });
});

test('a file of which no line is taken is told with the reasons, sent once or again', async () => {
  await writeFile(file, `nonsense\n{"hr":1}\n{"hr":2}\n`);
  for (const _ of upTo(2))
    await expect(send()).rejects.toMatchObject({
      code: 'EVENTS_REJECTED',
      context: { file, reasons: '1 not-json, 2 missing-device' },
    });
  expect(ingest.broker.deadLetters).not.toEqual([]);
});

test('what is known already is no failure', async () => {
  await writeFile(file, `${lines([event(1)])}\nnonsense\n`);
  await send();
  expect(await send()).toMatchObject({ accepted: 0, duplicate: 1, rejected: { 'not-json': 1 } });
});

test('what is too large for the server goes in smaller parts', async () => {
  await ingest.close();
  ingest = await startIngest({ limits: { bodyBytes: 2000 } });
  const long = event(100, { device_id: 'watch-9', note: 'x'.repeat(3000) });
  await writeFile(file, lines([...rounds(3, 30), long]));
  expect(await send()).toMatchObject({ sent: 91, accepted: 90, rejected: { 'too-long': 1 } });
});

test('waits as long as the events lay apart, divided by the speed', async () => {
  await writeFile(file, lines(rounds(2, 5)));
  const startedMs = performance.now();
  await send({ speed: 20 });
  const tookMs = performance.now() - startedMs;
  // Four seconds lie between the first and the last event.
  expect(tookMs).toBeGreaterThanOrEqual(200);
  expect(sequencesOf(device(0))).toEqual(upTo(5));
});

const hours = (index: number) =>
  upTo(5).map((sequence) =>
    event(sequence, {
      ...{ device_id: device(index), sequence },
      timestamp: 1_700_000_000 + sequence * 3600,
    }),
  );

const queuedEvents = async (): Promise<number> => {
  const metrics = await (await fetch(`${ingest.url}/metrics`)).text();
  return Number(/queued_records\{topic="events_topic"\} (\d+)/.exec(metrics)?.[1]);
};

test('a file that is sorted by device is played side by side all the same', async () => {
  await writeFile(file, `${lines([...hours(0), ...hours(1), ...hours(2)])}\nnonsense\n`);
  // No event is stored before all three have arrived, together or behind the first. A dead letter does not wait:
  // the event of a device may stand behind it in its lane.
  ingest.broker.send = async (topic) => {
    if (topic === ingest.broker.topics.deadLetter) return;
    while ((await queuedEvents()) + stored().length < 3) await pause(5);
  };
  const result = await send({ speed: 6000 });
  expect(result).toMatchObject({ accepted: 15, devices: 3, rejected: { 'not-json': 1 } });
  const order = stored().map(({ sequence }) => sequence);
  // One device after the other, the last of the first would come before the first of the last.
  expect(order.lastIndexOf(0)).toBeLessThan(order.indexOf(4));
});

test('goes on where it was stopped, and the server knows what was under way', async () => {
  await writeFile(file, lines(rounds(10, 200)));
  ingest.broker.send = () => pause(10);
  const stop = new AbortController();
  const stopped = send({
    ...{ signal: stop.signal, batchLines: 20, window: 200 },
    onProgress: ({ sent }) => {
      if (sent > 700) stop.abort(new Error('Ctrl-C'));
    },
  });
  await expect(stopped).rejects.toThrow('Ctrl-C');
  const shares: number[] = [];
  const result = await send({
    onProgress: ({ step, share, resumed }) => {
      if (step === 'sending' && resumed) shares.push(share);
    },
  });
  expect(result.resumedAt).toBeGreaterThan(0);
  expect(result.sent).toBeLessThan(1700);
  expect(shares[0]).toBeGreaterThan(0.2);
  expect(shares.at(-1)).toBe(1);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(stored()).toHaveLength(2000);
  for (const index of upTo(10)) expect(sequencesOf(device(index))).toEqual(upTo(200));
});

test('knows the place of each device, and names none while it is stopped', async () => {
  await writeFile(file, lines([...hours(0), ...hours(1), ...hours(2)]));
  const stop = new AbortController();
  const onProgress: SendOptions['onProgress'] = ({ sent }) => {
    if (sent >= 6) stop.abort(new Error('Ctrl-C'));
  };
  const stopped = send({ speed: 18_000, signal: stop.signal, batchLines: 1, onProgress });
  await expect(stopped).rejects.toThrow('Ctrl-C');
  const [name = ''] = await readdir(join(folder, 'state'));
  const state = await readFile(join(folder, 'state', name), 'utf8');
  // Lines that name no device have a place of their own.
  expect(Object.values((JSON.parse(state) as { offsets: object }).offsets)).toHaveLength(3 + 1);
  expect(state).not.toContain('watch');
  const shares: number[] = [];
  const { resumedAt, sent } = await send({
    speed: 18_000,
    onProgress: ({ step, share }) => void (step === 'sending' && shares.push(share)),
  });
  expect(shares[0]).toBeGreaterThan(0.3);
  expect(Math.max(...shares)).toBe(1);
  expect(resumedAt).toBeGreaterThan(0);
  expect(sent).toBeLessThan(15);
  expect(stored()).toHaveLength(15);
});

test('stopped while it waits for the time of an event, it tells why', async () => {
  await writeFile(file, lines([event(0), event(3600)]));
  const stop = new AbortController();
  const onProgress: SendOptions['onProgress'] = ({ sent }) => {
    if (sent > 0) setTimeout(() => stop.abort(new Error('Ctrl-C')), 20);
  };
  await expect(send({ speed: 1, signal: stop.signal, batchLines: 1, onProgress })).rejects.toThrow(
    'Ctrl-C',
  );
});

test('a file in which blank lines have come or gone begins anew: no place in it is where it was', async () => {
  const all = rounds(1, 200);
  await writeFile(file, `${'\n'.repeat(500)}${lines(all)}`);
  ingest.broker.send = () => pause(10);
  const stop = new AbortController();
  const onProgress: SendOptions['onProgress'] = ({ sent }) => {
    if (sent >= 40) stop.abort(new Error('Ctrl-C'));
  };
  const stopped = send({ signal: stop.signal, batchLines: 20, window: 20, onProgress });
  await expect(stopped).rejects.toThrow('Ctrl-C');
  await writeFile(file, lines(all));
  expect(await send()).toMatchObject({ sent: 200, rejected: {}, resumedAt: 0 });
  expect(sequencesOf(device(0))).toEqual(upTo(200));
});

test('another content begins anew', async () => {
  await writeFile(file, lines(rounds(1, 10)));
  await send();
  await appendFile(file, `\n${lines([event(99)])}`);
  expect(await send()).toMatchObject({ sent: 11, accepted: 1, duplicate: 10, resumedAt: 0 });
});

test('a server that is not there, or refuses, is told at once', async () => {
  await writeFile(file, lines([event(1)]));
  const nowhere = send({ url: 'http://127.0.0.1:1' });
  await expect(nowhere).rejects.toMatchObject({ code: 'INGEST_UNREACHABLE' });
  const refused = send({ token: 'nobody-knows-it' });
  await expect(refused).rejects.toMatchObject({ code: 'INGEST_REFUSED' });
});

test('a server that stays away costs the patience, not the place', async () => {
  await writeFile(file, lines(rounds(1, 10)));
  ingest.broker.send = () => Promise.reject(new Error('gone'));
  const failed = send({ patienceMs: 300 });
  await expect(failed).rejects.toMatchObject({ code: 'INGEST_UNREACHABLE' });
  ingest.broker.send = async () => undefined;
  expect(await send()).toMatchObject({ accepted: 10 });
});

test('lines keep their places, whatever the sizes of lines and file', async () => {
  const texts = [10, 300_000, 1, 5_000_000, 70, 262_144, 262_143].map((size) => 'x'.repeat(size));
  await writeFile(file, `\n${texts.join('\n\n')}\n`);
  const found: { length: number; end: number }[] = [];
  for await (const { bytes, end } of linesOf(file)) found.push({ length: bytes.length, end });
  // The longest is handed out empty.
  expect(found.map(({ length }) => length)).toEqual([10, 300_000, 1, 0, 70, 262_144, 262_143]);
  const third = found[2]?.end ?? 0;
  const rest: number[] = [];
  for await (const { bytes } of linesOf(file, { start: third })) rest.push(bytes.length);
  expect(rest).toEqual([0, 70, 262_144, 262_143]);
});
