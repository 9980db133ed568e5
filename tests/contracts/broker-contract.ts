/** What every adapter of the broker port has to do; each adapter's test file calls it. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWatchlakeError } from '../../core/errors';
import { endsOf, type Broker, type ReadRequest, type ReceivedMessage } from '../../streaming/ports';

const codeOf = (error: unknown) => (isWatchlakeError(error) ? error.code : error);

const numbered = (count: number, key: string | null = 'device') =>
  Array.from({ length: count }, (_, index) => ({ key, value: `${index}` }));

export function describeBroker(name: string, connect: () => Broker): void {
  describe(`the broker port on ${name}`, () => {
    let broker: Broker;
    beforeAll(() => {
      broker = connect();
    });
    afterAll(() => broker.close());

    const makeTopic = async (partitions = 1): Promise<string> => {
      const topic = `contract-${randomUUID()}`;
      await broker.ensureTopics([{ topic, partitions }]);
      return topic;
    };

    const readAll = async (request: ReadRequest): Promise<ReceivedMessage[]> => {
      const messages: ReceivedMessage[] = [];
      for await (const some of broker.read(request)) messages.push(...some);
      return messages;
    };

    const valuesOf = async (request: ReadRequest) =>
      (await readAll(request)).map(({ value }) => value?.toString());

    test('makes topics once, and refuses another partition count', async () => {
      const topic = await makeTopic(3);
      await broker.ensureTopics([{ topic, partitions: 3 }]);
      const other = broker.ensureTopics([{ topic, partitions: 2 }]);
      await expect(other).rejects.toMatchObject({ code: 'TOPIC_MISMATCH' });
      expect(endsOf(await broker.bounds(topic))).toEqual({ 0: 0, 1: 0, 2: 0 });
    });

    test('waits for no topic of others where none is asked for', async () => {
      await makeTopic();
      await expect(broker.ensureTopics([])).resolves.toBeUndefined();
    });

    test('tells what could not be made, and makes nothing of what it tries', async () => {
      const topic = `contract-${randomUUID()}`;
      const tooMany = [{ topic, partitions: 1, replicationFactor: 7 }];
      for (const tried of [broker.tryTopics(tooMany), broker.ensureTopics(tooMany)]) {
        await expect(tried).rejects.toMatchObject({
          code: 'TOPICS_REFUSED',
          message: expect.stringMatching(/replication/i) as string,
        });
      }
      await broker.tryTopics([{ topic, partitions: 1 }]);
      await expect(broker.bounds(topic)).rejects.toThrow();
      await broker.ensureTopics([{ topic, partitions: 1 }]);
      await expect(broker.tryTopics([{ topic, partitions: 1 }])).resolves.toBeUndefined();
    });

    test('keeps key, value and headers of a message', async () => {
      const topic = await makeTopic();
      const producer = await broker.openProducer();
      const value = Buffer.from([0, 255, 1]);
      await producer.send(topic, [
        { key: 'ü', value, headers: { reason: 'none' } },
        { key: null, value: null },
      ]);
      await producer.close();
      expect(await readAll({ topic })).toEqual([
        { partition: 0, offset: 0, key: 'ü', value, headers: { reason: 'none' } },
        { partition: 0, offset: 1, key: null, value: null, headers: {} },
      ]);
    });

    test('deletes up to an offset, and not twice', async () => {
      const topic = await makeTopic();
      const producer = await broker.openProducer();
      await producer.send(topic, numbered(5));
      await producer.close();
      for (const before of [3, 3, 2]) await broker.deleteRecords(topic, { 0: before });
      await broker.deleteRecords(topic, {});
      expect(await valuesOf({ topic })).toEqual(['3', '4']);
      expect((await broker.bounds(topic)).get(0)).toEqual({ start: 3, end: 5 });
    });

    test('tells how long a topic keeps its messages', async () => {
      expect(await broker.retention(await makeTopic())).toBe(7 * 24 * 60 * 60_000);
    });

    test('sends one key to one partition, in order', async () => {
      const topic = await makeTopic(3);
      const producer = await broker.openProducer();
      for (const key of ['a', 'b', 'c', 'd', 'e']) await producer.send(topic, numbered(20, key));
      await producer.close();
      const messages = await readAll({ topic });
      for (const key of ['a', 'b', 'c', 'd', 'e']) {
        const own = messages.filter((message) => message.key === key);
        expect(own.map(({ value }) => Number(value))).toEqual([...Array(20).keys()]);
        expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
      }
    });

    test('sends more in one call than fits into one request', async () => {
      const topic = await makeTopic();
      const producer = await broker.openProducer();
      const value = Buffer.alloc(150_000, 1);
      await producer.send(
        topic,
        Array.from({ length: 20 }, () => ({ key: 'a', value })),
      );
      await producer.close();
      expect(await readAll({ topic })).toHaveLength(20);
    });

    test('reads from given offsets up to given ends', async () => {
      const topic = await makeTopic();
      const producer = await broker.openProducer();
      await producer.send(topic, numbered(10));
      await producer.close();
      expect(await valuesOf({ topic, from: { 0: 3 }, to: { 0: 6 } })).toEqual(['3', '4', '5']);
      expect(await valuesOf({ topic, from: { 0: 10 } })).toEqual([]);
      expect(await valuesOf({ topic, from: { 0: 8 } })).toEqual(['8', '9']);
    });

    test('ends a reading of what is deleted meanwhile', async () => {
      const topic = await makeTopic();
      const producer = await broker.openProducer();
      const value = Buffer.alloc(150_000, 1);
      const messages = Array.from({ length: 40 }, () => ({ key: 'a', value }));
      await producer.send(topic, messages);
      await producer.close();
      let read = 0;
      for await (const some of broker.read({ topic })) {
        if (read === 0) await broker.deleteRecords(topic, { 0: messages.length });
        read += some.length;
      }
      expect(read).toBeGreaterThan(0);
      expect(read).toBeLessThan(messages.length);
    });

    test('follows a topic until the signal aborts', async () => {
      const topic = await makeTopic();
      const producer = await broker.openProducer();
      await producer.send(topic, numbered(1));
      const stop = new AbortController();
      const seen: string[] = [];
      for await (const some of broker.read({ topic, follow: true, signal: stop.signal })) {
        seen.push(...some.map(({ value }) => String(value)));
        if (seen.length === 1) await producer.send(topic, [{ key: 'device', value: 'later' }]);
        else stop.abort();
      }
      await producer.close();
      expect(seen).toEqual(['0', 'later']);
    });

    test('makes messages and offsets of a transaction visible together', async () => {
      const topic = await makeTopic();
      const group = `group-${topic}`;
      const producer = await broker.openTransactional(`id-${topic}`);
      expect(await broker.committed(group, topic)).toEqual(new Map());
      let lastSent: number | undefined;
      await producer.commit([{ topic, messages: numbered(3) }], (last) => {
        lastSent = last.get(topic)?.[0];
        return [{ group, topic, partition: 0, offset: 2, metadata: '{"next":3}' }];
      });
      await producer.close();
      expect(lastSent).toBe(2);
      expect(await valuesOf({ topic, to: { 0: 3 } })).toEqual(['0', '1', '2']);
      // Opening the id again waits until the transaction is decided everywhere.
      await (await broker.openTransactional(`id-${topic}`)).close();
      const committed = await broker.committed(group, topic);
      expect(committed).toEqual(new Map([[0, { offset: 2, metadata: '{"next":3}' }]]));
    });

    test('shows nothing of a transaction that failed half-way', async () => {
      const topic = await makeTopic();
      const group = `group-${topic}`;
      const producer = await broker.openTransactional(`id-${topic}`);
      const failed = producer.commit([{ topic, messages: numbered(3) }], () => {
        throw new Error('the process would have died here');
      });
      await expect(failed).rejects.toThrow('the process would have died here');
      await producer.close();
      const successor = await broker.openTransactional(`id-${topic}`);
      await successor.commit([{ topic, messages: [{ key: 'device', value: 'after' }] }], () => []);
      await successor.close();
      const next = await broker.openTransactional(`id-${topic}`);
      await next.close();
      expect(await valuesOf({ topic })).toEqual(['after']);
      expect(await broker.committed(group, topic)).toEqual(new Map());
    });

    test('ends a reading although the last offsets are markers of transactions', async () => {
      const topic = await makeTopic();
      const producer = await broker.openTransactional(`id-${topic}`);
      await producer.commit([{ topic, messages: numbered(2) }], () => []);
      await producer.close();
      await (await broker.openTransactional(`id-${topic}`)).close();
      expect((await broker.bounds(topic)).get(0)?.end).toBe(3);
      expect(await valuesOf({ topic })).toEqual(['0', '1']);
      expect(await valuesOf({ topic, to: { 0: 2 } })).toEqual(['0', '1']);
      expect(await valuesOf({ topic, from: { 0: 2 } })).toEqual([]);
    });

    test('fences the former owner of a transactional id', async () => {
      const topic = await makeTopic();
      const former = await broker.openTransactional(`id-${topic}`);
      await former.commit([{ topic, messages: numbered(1) }], () => []);
      const owner = await broker.openTransactional(`id-${topic}`);
      const late = former.commit([{ topic, messages: numbered(5) }], () => []);
      await expect(late.catch(codeOf)).resolves.toBe('PRODUCER_FENCED');
      await owner.commit([{ topic, messages: numbered(1) }], () => []);
      await Promise.all([former.close(), owner.close()]);
      await (await broker.openTransactional(`id-${topic}`)).close();
      expect(await readAll({ topic })).toHaveLength(2);
    });

    test('gives a group its messages, and its handler moves the position', async () => {
      const topic = await makeTopic();
      const producer = await broker.openProducer();
      await producer.send(topic, numbered(6));
      await producer.close();
      const stop = new AbortController();
      const seen: number[][] = [];
      await broker.consume({
        group: `group-${topic}`,
        topic,
        signal: stop.signal,
        onBatch(batch) {
          seen.push(batch.messages.map(({ offset }) => offset));
          if (seen.length === 1) batch.seek(4);
          else if (seen.length === 2) batch.resolve(4);
          else stop.abort();
          return Promise.resolve();
        },
      });
      expect(seen).toEqual([[0, 1, 2, 3, 4, 5], [4, 5], [5]]);
    });

    test('leaves what a group has committed although the broker has deleted that offset', async () => {
      const topic = await makeTopic();
      const group = `group-${topic}`;
      const producer = await broker.openTransactional(`id-${topic}`);
      const commit = { group, topic, partition: 0, offset: 1, metadata: '{"next":4}' };
      expect(await broker.committed(group, topic)).toEqual(new Map());
      await producer.commit([{ topic, messages: numbered(6) }], () => [commit]);
      await producer.close();
      await (await broker.openTransactional(`id-${topic}`)).close();
      await broker.deleteRecords(topic, { 0: 3 });
      const stop = new AbortController();
      const seen: number[] = [];
      await broker.consume({
        ...{ group, topic, signal: stop.signal },
        onBatch(batch) {
          seen.push(...batch.messages.map(({ offset }) => offset));
          stop.abort();
          return Promise.resolve();
        },
      });
      expect(seen).toEqual([3, 4, 5]);
      const committed = await broker.committed(group, topic);
      expect(committed).toEqual(new Map([[0, { offset: 1, metadata: '{"next":4}' }]]));
    });

    test('gives the partitions of a member that leaves to the others', async () => {
      const topic = await makeTopic(2);
      const join = () => {
        const stop = new AbortController();
        const assignments: (readonly number[])[] = [];
        const ended = broker.consume({
          ...{ group: `group-${topic}`, topic, signal: stop.signal, sessionTimeoutMs: 6000 },
          onAssigned: (partitions) => assignments.push(partitions),
          onBatch: () => Promise.resolve(),
        });
        return { assignments, leave: () => (stop.abort(), ended) };
      };
      const eventually = async (holds: () => boolean) => {
        for (let wait = 0; wait < 1_000 && !holds(); wait += 1) await sleep(50);
        expect(holds()).toBe(true);
      };
      const first = join();
      await eventually(() => first.assignments.at(-1)?.length === 2);
      const second = join();
      const each = () => [first, second].map(({ assignments }) => assignments.at(-1)?.length);
      await eventually(() => each().every((partitions) => partitions === 1));
      await first.leave();
      await eventually(() => second.assignments.at(-1)?.length === 2);
      await second.leave();
    }, 180_000);

    test('ends with the error of a handler', async () => {
      const topic = await makeTopic();
      const producer = await broker.openProducer();
      await producer.send(topic, numbered(1));
      await producer.close();
      const consumed = broker.consume({
        ...{ group: `group-${topic}`, topic, signal: new AbortController().signal },
        onBatch: () => Promise.reject(new RangeError('a mistake of ours')),
      });
      await expect(consumed).rejects.toThrow(new RangeError('a mistake of ours'));
    });
  });
}
