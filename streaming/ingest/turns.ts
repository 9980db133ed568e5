/** Lets what takes long have its turn a little at a time, so that the process accepts, reads and answers in between. */

/** Turns that new connections may put off before the next work has its own, whoever goes on connecting. */
const MOST_PUT_OFF = 256;
/** Read in one turn: less would make many small batches for the broker. */
const TURN_BYTES = 128 * 2 ** 10;

export class Turns {
  private readonly waiting: { readonly bytes: number; readonly begin: () => void }[] = [];
  private hasNewConnection = false;
  private putOff = 0;

  /** Resolves in a later turn of the event loop, with no more than a turn may read, in the order of asking. */
  take(bytes: number): Promise<void> {
    return new Promise((begin) => {
      this.waiting.push({ bytes, begin });
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
      this.beginSome();
    }
    this.hasNewConnection = false;
    if (this.waiting.length > 0) setImmediate(this.next);
  };

  private beginSome(): void {
    for (let bytes = 0; bytes < TURN_BYTES && this.waiting.length > 0;) {
      const next = this.waiting.shift();
      next?.begin();
      bytes += next?.bytes ?? 0;
    }
  }
}
