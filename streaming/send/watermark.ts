/** How far lines are answered when their answers come in any order. */

/** Everything up to the first line without an answer is done. */
export class Watermark {
  private readonly open: { end: number; answered: boolean }[] = [];
  done: number;

  constructor(start: number) {
    this.done = start;
  }

  add(end: number): () => void {
    const entry = { end, answered: false };
    this.open.push(entry);
    return () => {
      entry.answered = true;
      let count = 0;
      while (this.open[count]?.answered) count += 1;
      if (count === 0) return;
      this.done = this.open[count - 1]?.end ?? this.done;
      this.open.splice(0, count);
    };
  }
}
