/** When a response is over: answered, or its connection gone. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

// One listener a connection, however many requests it brings. They are few at a time, in an array: a set leaves a table
// behind after every few requests, and a table that has grown old keeps the next ones, with their requests, from being freed.
const waiting = new WeakMap<Socket, (() => void)[]>();

function waitingOn(socket: Socket): (() => void)[] {
  const present = waiting.get(socket);
  if (present !== undefined) return present;
  const all: (() => void)[] = [];
  waiting.set(socket, all);
  socket.once('close', () => [...all].forEach((each) => each()));
  return all;
}

export const isOver = ({ closed, req: { socket } }: ServerResponse): boolean =>
  closed || socket.destroyed;

/**
 * Calls back once. A response that waits behind another one of its connection is told nothing by Node when that
 * connection goes: so the connection is listened to as well.
 */
export function whenOver(response: ServerResponse, callback: () => void): void {
  const all = waitingOn(response.req.socket);
  const over = (): void => {
    const place = all.indexOf(over);
    if (place < 0) return;
    all.splice(place, 1);
    response.off('close', over);
    callback();
  };
  all.push(over);
  response.once('close', over);
}
