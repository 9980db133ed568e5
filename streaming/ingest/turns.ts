/** Lets what takes long have its turn one at a time, so that the process accepts, reads and answers in between. */

/** Turns that new connections may put off before the next work has its own, whoever goes on connecting. */
const MOST_PUT_OFF = 256;

export class Turns {
  private readonly waiting: (() => void)[] = [];
  private hasNewConnection = false;
  private putOff = 0;

  /** Resolves in a turn of the event loop of its own, in the order of asking. */
  take(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (this.waiting.length === 1) setImmediate(this.next);
    });
  }

  /** Node accepts one connection in each turn: until none is new, a turn does little else. */
  connected(): void {
    this.hasNewConnection = true;
  }

  private readonly next = (): void => {
    if (this.hasNewConnection && this.putOff < MOST_PUT_OFF) this.putOff += 1;
    else {
      this.putOff = 0;
      this.waiting.shift()?.();
    }
    this.hasNewConnection = false;
    if (this.waiting.length > 0) setImmediate(this.next);
  };
}
