/** Works out, row by row and in plain code, what the tables must come to hold. */
import { count } from '../../counts';
import { DEFAULT_LABELLING } from '../options';

export interface Expected {
  lines: number;
  readonly landing: { rows: number; readonly quarantined: Record<string, number> };
  readonly trusted: {
    rows: number;
    readonly quarantined: Record<string, number>;
    readonly dropped: Record<string, number>;
    /** Rows by the label that speaks for them, with the default span. */
    readonly labelled: Record<string, number>;
    /** Rows of which the place is known, and the battery state. */
    located: number;
    charged: number;
  };
}

export const nothingExpected = (): Expected => ({
  lines: 0,
  landing: { rows: 0, quarantined: {} },
  trusted: { rows: 0, quarantined: {}, dropped: {}, labelled: {}, located: 0, charged: 0 },
});

export type Fate =
  'used' | 'motion-missing' | 'motion-incomplete' | 'stamp-repeated' | 'stamp-backwards';

export interface WrittenRow {
  /** On a clock that is never put back. */
  readonly ms: number;
  readonly fate: Fate;
  readonly label?: string;
  readonly place: boolean;
  readonly battery: boolean;
}

/** Follows one participant's file. */
export class Expectation {
  readonly #expected: Expected;
  /** Moments of used rows that an answer still to come may speak for. */
  #waiting: number[] = [];
  #located = false;
  #charged = false;

  constructor(expected: Expected) {
    this.#expected = expected;
  }

  spoilt(reason: string): void {
    this.#expected.lines += 1;
    count(this.#expected.landing.quarantined, reason);
  }

  row({ ms, fate, label, place, battery }: WrittenRow): void {
    const { landing, trusted } = this.#expected;
    this.#expected.lines += 1;
    landing.rows += 1;
    this.#located ||= place;
    this.#charged ||= battery;
    if (fate === 'used') {
      trusted.rows += 1;
      if (this.#located) trusted.located += 1;
      if (this.#charged) trusted.charged += 1;
      this.#waiting.push(ms);
    } else if (fate === 'motion-missing') count(trusted.dropped, fate);
    else count(trusted.quarantined, fate);
    if (label !== undefined) this.#answer(ms, label);
    else if (this.#waiting.length > 20_000) this.#forget(ms);
  }

  #answer(ms: number, label: string): void {
    this.#forget(ms);
    const { labelled } = this.#expected.trusted;
    if (this.#waiting.length > 0) count(labelled, label, this.#waiting.length);
    this.#waiting = [];
  }

  #forget(ms: number): void {
    this.#waiting = this.#waiting.filter((each) => each >= ms - DEFAULT_LABELLING.spanMs);
  }
}
