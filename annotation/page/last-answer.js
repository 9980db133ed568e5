/** Follows which answer may be taken back: only the server knows, as time, others and a closed campaign end it. */
import { post } from './api.js';

const LOOK_MS = 5_000;

/** `onChange` gets the answer with the moment `until` when its time is over, or null. */
export function followLastAnswer(onChange) {
  let timer = 0;
  let looks = 0;

  function stop() {
    clearTimeout(timer);
    looks += 1;
  }

  /** Goes on for as long as there is one. */
  async function look(question) {
    stop();
    const own = looks;
    const again = (waitMs) => {
      timer = setTimeout(() => void look(question), Math.min(waitMs, LOOK_MS));
    };
    try {
      const { last } = await post('/api/answers/last', question);
      if (own !== looks) return;
      if (last) again(last.undoMs);
      onChange(last && { ...last, until: performance.now() + last.undoMs });
    } catch {
      // An outage says nothing of the answer.
      if (own === looks) again(LOOK_MS);
    }
  }

  return { look, stop };
}
