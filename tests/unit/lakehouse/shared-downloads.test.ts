/** Several wait for one download: whoever leaves takes nothing from the others. */
import type { DownloadListener } from '../../../lakehouse/sources/shared-downloads';
import { createSharedDownloads } from '../../../lakehouse/sources/shared-downloads';

/** Work that ends when it is told to, or some time after it was aborted. */
function heldWork() {
  const begun: (Required<DownloadListener> & { end: (result: string) => void })[] = [];
  const work = (told: Required<DownloadListener>): Promise<string> =>
    new Promise((resolve, reject) => {
      begun.push({ ...told, end: resolve });
      const fail = () => setImmediate(() => reject(new Error('aborted')));
      told.signal.addEventListener('abort', fail);
    });
  return { begun, work };
}

const waiter = () => {
  const controller = new AbortController();
  const heard: number[] = [];
  const onProgress: DownloadListener['onProgress'] = ({ bytes }) => void heard.push(bytes);
  return { controller, heard, listener: { signal: controller.signal, onProgress } };
};

test('the first who asks may leave: the others hear of it until it ends', async () => {
  const share = createSharedDownloads<string>();
  const { begun, work } = heldWork();
  const [one, two] = [waiter(), waiter()];
  const [first, second] = [one, two].map(({ listener }) => share('a', listener, work));
  begun[0]?.onProgress({ bytes: 1, total: 2 });
  one.controller.abort(new Error('cancelled'));
  await expect(first).rejects.toThrow('cancelled');
  begun[0]?.onProgress({ bytes: 2, total: 2 });
  begun[0]?.end('whole');
  expect(await second).toBe('whole');
  expect([one.heard, two.heard]).toEqual([[1], [1, 2]]);
  expect(begun).toHaveLength(1);
});

test('with the last the work is aborted, and whoever comes then has it begun again after that', async () => {
  const share = createSharedDownloads<string>();
  const { begun, work } = heldWork();
  const [one, two] = [waiter(), waiter()];
  const first = share('a', one.listener, work);
  one.controller.abort(new Error('cancelled'));
  while (!begun[0]?.signal.aborted) await Promise.resolve();
  const second = share('a', two.listener, work);
  expect(begun).toHaveLength(1);
  await expect(first).rejects.toThrow('cancelled');
  while (begun.length < 2) await new Promise(setImmediate);
  begun[1]?.end('whole');
  expect(await second).toBe('whole');
});

test('whoever is cancelled before is not let in, and what fails fails for all', async () => {
  const share = createSharedDownloads<string>();
  const { begun, work } = heldWork();
  await expect(share('a', { signal: AbortSignal.abort(new Error('no')) }, work)).rejects.toThrow(
    'no',
  );
  expect(begun).toHaveLength(0);
  const failing = () => Promise.reject(new Error('broken'));
  const all = await Promise.allSettled([share('a', {}, failing), share('a', {}, failing)]);
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const again = share('a', {}, work);
  begun[0]?.end('whole');
  expect(await again).toBe('whole');
});
