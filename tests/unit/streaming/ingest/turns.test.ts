/** Who has a turn when, while connections come and go. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Turns } from '../../../../streaming/ingest/turns';

/** The numbers of those who had their turn, as they have it. */
function ask(turns: Turns, count: number, bytes = 2 ** 20): number[] {
  const had: number[] = [];
  for (let number = 0; number < count; number += 1)
    void turns.take(bytes).then(() => had.push(number));
  return had;
}

test('each has a turn of its own, in the order of asking', async () => {
  const had = ask(new Turns(), 3);
  for (const expected of [[0], [0, 1], [0, 1, 2]]) {
    await nextTurn();
    expect(had).toEqual(expected);
  }
});

test('small ones have a turn together', async () => {
  const had = ask(new Turns(), 100, 2 ** 14);
  await nextTurn();
  expect(had).toHaveLength(8);
});

test('new connections come first, and not for ever', async () => {
  const turns = new Turns();
  const had = ask(turns, 2);
  for (let turn = 0; turn < 100; turn += 1) {
    turns.connected();
    await nextTurn();
  }
  expect(had).toEqual([]);
  for (let turn = 0; turn < 200; turn += 1) {
    turns.connected();
    await nextTurn();
  }
  expect(had).toEqual([0]);
  for (let turn = 0; turn < 2; turn += 1) await nextTurn();
  expect(had).toEqual([0, 1]);
});
