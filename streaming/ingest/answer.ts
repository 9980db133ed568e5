/** What became of a request's records, as JSON and a status. */
import type { Answer } from './answers';
import { isRejected, type Outcome } from './reception';

/** All stored, now or before; some rejected; none stored because all are rejected. */
const STORED = 200;
const MIXED = 207;
const REJECTED = 400;

/** A rejected record would be rejected again, but for one whose time has not come. */
const rejection = ({ code, field, detail }: Extract<Outcome, { code: string }>) => ({
  ...{ status: 'rejected', code, field, message: detail, retryable: code === 'clock-ahead' },
});

// By far the most frequent texts, which need not be made anew.
const PLAIN = { accepted: '"status":"accepted"}', duplicate: '"status":"duplicate"}' } as const;

const textOf = (outcome: Outcome, index: number): string =>
  isRejected(outcome)
    ? JSON.stringify({ index, ...rejection(outcome) })
    : `{"index":${index},${PLAIN[outcome.status]}`;

function answerOne(outcome: Outcome): Answer {
  if (isRejected(outcome)) return { status: REJECTED, body: JSON.stringify(rejection(outcome)) };
  return { status: STORED, body: `{${PLAIN[outcome.status]}` };
}

export function answerOf(single: boolean, outcomes: readonly Outcome[]): Answer {
  const [first] = outcomes;
  if (single && first) return answerOne(first);
  const counts = { accepted: 0, duplicate: 0, rejected: 0 };
  for (const { status } of outcomes) counts[status] += 1;
  const summary = JSON.stringify(counts).slice(0, -1);
  const isMixed = counts.rejected > 0 && counts.rejected < outcomes.length;
  const status = counts.rejected === 0 ? STORED : isMixed ? MIXED : REJECTED;
  return { status, body: `${summary},"results":[${outcomes.map(textOf).join(',')}]}` };
}
