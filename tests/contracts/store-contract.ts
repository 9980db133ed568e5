/** What every store must do; each adapter's test calls it. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../lakehouse/ports';

const collect = async (store: Store, prefix: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
};

const text = async (store: Store, key: string): Promise<string> =>
  (await store.get(key)).toString('utf8');

export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`store ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });

    test('gives back what was put, and the newest of it', async () => {
      await store.put('a/b.json', 'one');
      await store.put('a/b.json', Buffer.from('two'));
      expect(await text(store, 'a/b.json')).toBe('two');
      expect(await store.has('a/b.json')).toBe(true);
      expect(store.uriOf('a/b.json')).toMatch(/^[a-z0-9]+:\/\/.*a\/b\.json$/);
    });

    test('an object that is not there is said by its key', async () => {
      const missing = { code: 'OBJECT_NOT_FOUND', context: { key: 'no/thing' } };
      await expect(store.get('no/thing')).rejects.toMatchObject(missing);
      await expect(store.stream('no/thing')).rejects.toMatchObject(missing);
      await expect(store.localPath('no/thing')).rejects.toMatchObject(missing);
      await expect(store.copy('no/thing', 'x')).rejects.toMatchObject(missing);
      expect(await store.has('no/thing')).toBe(false);
      expect(await store.has('no')).toBe(false);
      await store.remove('no/thing');
    });

    test('of many writers of an absent object one wins', async () => {
      const writers = Array.from({ length: 8 }, (_, index) =>
        store.put('claim', `writer ${index}`, { ifAbsent: true }).then(
          () => index,
          (error: unknown) => error,
        ),
      );
      const results = await Promise.all(writers);
      const winners = results.filter((result) => typeof result === 'number');
      expect(winners).toHaveLength(1);
      expect(await text(store, 'claim')).toBe(`writer ${winners[0]}`);
      for (const result of results.filter((each) => typeof each !== 'number')) {
        expect(result).toMatchObject({ code: 'OBJECT_EXISTS' });
      }
    });

    test('a body that fails half-way leaves nothing', async () => {
      async function* half(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('half');
        throw new Error('the source broke');
      }
      await store.put('kept', 'before');
      await expect(store.put('kept', half())).rejects.toThrow('the source broke');
      await expect(store.put('new', half())).rejects.toThrow('the source broke');
      expect(await text(store, 'kept')).toBe('before');
      expect(await collect(store, '')).toEqual(['kept']);
    });

    test('a body in pieces arrives whole', async () => {
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (let piece = 0; piece < 100; piece += 1) yield Buffer.alloc(10_000, piece);
      }
      await store.put('large', pieces());
      let bytes = 0;
      for await (const chunk of await store.stream('large')) bytes += (chunk as Buffer).length;
      expect(bytes).toBe(1_000_000);
    });

    test('lists by prefix, in the order of the keys, with sizes', async () => {
      for (const key of ['b/2', 'a/1/x', 'a-1', 'a/1.json', 'b/10', 'a/10']) {
        await store.put(key, key);
      }
      const sorted = ['a-1', 'a/1.json', 'a/1/x', 'a/10', 'b/10', 'b/2'];
      expect(await collect(store, '')).toEqual(sorted);
      expect(await collect(store, 'a/1')).toEqual(['a/1.json', 'a/1/x', 'a/10']);
      expect(await collect(store, 'a/')).toEqual(sorted.slice(1, 4));
      expect(await collect(store, 'c')).toEqual([]);
      for await (const object of store.list('b/10')) {
        expect(object.bytes).toBe(4);
        expect(Math.abs(object.modifiedMs - Date.now())).toBeLessThan(60_000);
      }
    });

    test('lists the folders of one level, however much lies in them', async () => {
      for (const key of ['a/1/x', 'a/1/y/z', 'a/10/x', 'a/2', 'a.b/x', 'b']) {
        await store.put(key, key);
      }
      expect(await store.folders('')).toEqual(['a.b/', 'a/']);
      expect(await store.folders('a/')).toEqual(['a/1/', 'a/10/']);
      expect(await store.folders('b/')).toEqual([]);
      expect(await store.folders('no/such/')).toEqual([]);
    });

    test('removes what it is told to, and nothing beside it', async () => {
      await store.put('a/1', 'x');
      await store.put('a/2', 'x');
      await store.remove('a/1');
      await store.remove('a/1');
      expect(await collect(store, '')).toEqual(['a/2']);
    });

    test('gives up an object once, and removes every version for good', async () => {
      for (const key of ['p/1', 'p/2', 'p/22', 'q']) {
        await store.put(key, 'older');
        await store.put(key, 'text');
      }
      expect(await store.isRetired('p/1')).toBe(false);
      expect(await store.retire('p/1')).toBe(true);
      expect(await store.isRetired('p/1')).toBe(true);
      expect(await store.retire('p/1')).toBe(false);
      expect(await store.isRetired('no/thing')).toBe(true);
      expect(await store.retire('no/thing')).toBe(false);
      expect((await store.removeVersions('p/2')).objects).toBeGreaterThan(0);
      expect(await store.has('p/2')).toBe(false);
      expect(await store.has('p/22')).toBe(true);
      await store.localPath('p/22');
      await store.removeAllVersions('p/');
      expect(await store.removeAllVersions('p/')).toEqual({ objects: 0, bytes: 0 });
      expect(await collect(store, '')).toEqual(['q']);
      await expect(store.localPath('p/22')).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
      expect(await text(store, 'q')).toBe('text');
    });

    test('removes what readers are not shown any more, and leaves what they are', async () => {
      for (const key of ['p/kept', 'p/gone', 'q']) {
        await store.put(key, 'older');
        await store.put(key, 'text');
      }
      await store.remove('p/gone');
      await store.removeOldVersions('p/');
      expect(await store.removeOldVersions('p/')).toEqual({ objects: 0, bytes: 0 });
      expect(await collect(store, '')).toEqual(['p/kept', 'q']);
      expect(await text(store, 'p/kept')).toBe('text');
    });

    test('a copy outlives its original', async () => {
      await store.put('original', 'content');
      await store.put('target', 'older');
      await store.copy('original', 'target');
      await store.copy('original', 'deep/new');
      await store.put('original', 'changed');
      await store.remove('original');
      expect(await text(store, 'target')).toBe('content');
      expect(await text(store, 'deep/new')).toBe('content');
    });

    test('adopts a local file, and gives one back', async () => {
      const scratch = await store.scratch();
      const file = join(scratch, 'made');
      await writeFile(file, 'rows');
      await store.adopt('data/rows', file);
      await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await readFile(await store.localPath('data/rows'), 'utf8')).toBe('rows');
      await rm(scratch, { recursive: true });
    });

    test('a local file is the newest content, and many ask for it at once', async () => {
      await store.put('rows', 'first');
      const read = async () => readFile(await store.localPath('rows'), 'utf8');
      expect(await Promise.all(Array.from({ length: 40 }, read))).toEqual(Array(40).fill('first'));
      await store.put('rows', 'second');
      expect(await read()).toBe('second');
      const scratch = await store.scratch();
      const held = await store.localPath('rows', scratch);
      expect(await store.localPath('rows', scratch)).toBe(held);
      expect(await readFile(held, 'utf8')).toBe('second');
      await rm(scratch, { recursive: true });
    });

    test('unfinished work is no object, and is swept away when it is old', async () => {
      const scratch = await store.scratch();
      await writeFile(join(scratch, 'half'), 'half');
      expect(await collect(store, '')).toEqual([]);
      expect(await store.sweep(60_000)).toEqual({ objects: 0, bytes: 0 });
      expect(await store.sweep(-1000)).toEqual({ objects: 1, bytes: 4 });
      await expect(readFile(join(scratch, 'half'))).rejects.toMatchObject({ code: 'ENOENT' });
    });

    test('a key cannot leave the lake', async () => {
      for (const key of ['../outside', 'a/../../outside', '/etc/passwd', '', 'a/./b']) {
        await expect((async () => store.put(key, 'x'))()).rejects.toThrow('not a key');
      }
    });
  });
}
