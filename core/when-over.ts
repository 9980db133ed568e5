/** When a response is over: answered, or its connection gone. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

// One listener a connection, however many requests it brings.
const waiting = new WeakMap<Socket, Set<() => void>>();

function waitingOn(socket: Socket): Set<() => void> {
  const present = waiting.get(socket);
  if (present !== undefined) return present;
  const all = new Set<() => void>();
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
    if (!all.delete(over)) return;
    response.off('close', over);
    callback();
  };
  all.add(over);
  response.once('close', over);
}
