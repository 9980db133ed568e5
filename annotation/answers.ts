/** Takes answers, in batches, each of them once. */
import { randomUUID } from 'node:crypto';
import type { ErrorContext } from '../core/errors';
import type { Database, Queryable } from '../core/postgres';
import { judgeAnswer, type Answer, type Judgement, type TaskState } from './judgement';
import { isTaskId } from './tasks';

export interface AnswerBatch {
  annotator: string;
  answers: readonly Answer[];
}

export type Refusal = Exclude<Judgement, 'accept' | 'repeat'>;

export interface AnswerOutcome {
  /** Names this batch to whoever waits for labels. */
  batch: string;
  /** Tasks that have the answer now, by this request or an earlier, equal one. */
  accepted: string[];
  refused: { task: string; code: Refusal; context: ErrorContext }[];
  /** New labels and skipped tasks by campaign. */
  campaigns: { campaign: string; answered: number; skipped: number }[];
}

interface StateRow extends Omit<TaskState, 'label'> {
  task: string;
  campaign: string;
}

interface LabelRow {
  task: string;
  label: string;
}

type State = StateRow & TaskState;

// Locked in one order, so that two batches cannot wait for each other; the campaign as well: it is closed
// before an answer or after it.
const READ_STATES = `
  SELECT t.task::text, t.campaign, t.status, t.lease, t.annotator, c.classes AS labels,
    c.closed_at IS NOT NULL AS closed
  FROM annotation.tasks t JOIN annotation.campaigns c USING (campaign)
  WHERE t.task = ANY($1::bigint[]) ORDER BY t.task FOR UPDATE OF t FOR SHARE OF c`;

// Asked for when the tasks are locked: joined to them, a label that came while they were waited for would not be seen.
const READ_LABELS =
  'SELECT task::text, label FROM annotation.labels WHERE task = ANY($1::bigint[])';

const FINISH_TASKS = `
  UPDATE annotation.tasks t
  SET status = CASE WHEN a.label IS NULL THEN 'skipped' ELSE 'answered' END
  FROM unnest($1::bigint[], $2::text[]) AS a (task, label) WHERE t.task = a.task`;

const INSERT_LABELS = `
  INSERT INTO annotation.labels (task, campaign, dataset, window_id, device, subject_key, label,
    annotator, kind, event_time_ms, batch)
  SELECT t.task, t.campaign, c.dataset, t.window_id, t.device, t.subject_key, a.label,
    $3, t.kind, t.start_ms, $4
  FROM unnest($1::bigint[], $2::text[]) AS a (task, label)
  JOIN annotation.tasks t ON t.task = a.task JOIN annotation.campaigns c USING (campaign)
  WHERE a.label IS NOT NULL`;

async function readStates(
  connection: Queryable,
  answers: readonly Answer[],
): Promise<ReadonlyMap<string, State>> {
  // What names no task must not fail the others.
  const ids = answers.map(({ task }) => task).filter(isTaskId);
  const { rows } = await connection.query<StateRow>(READ_STATES, [ids]);
  const { rows: given } = await connection.query<LabelRow>(READ_LABELS, [ids]);
  const labelOf = new Map(given.map(({ task, label }) => [task, label]));
  return new Map(rows.map((row) => [row.task, { ...row, label: labelOf.get(row.task) ?? null }]));
}

async function write(connection: Queryable, batch: string, annotator: string, accepted: Answer[]) {
  if (accepted.length === 0) return;
  const tasks = accepted.map(({ task }) => task);
  const labels = accepted.map(({ label }) => label);
  await connection.query(FINISH_TASKS, [tasks, labels]);
  await connection.query(INSERT_LABELS, [tasks, labels, annotator, batch]);
}

function countByCampaign(accepted: readonly Answer[], states: ReadonlyMap<string, State>) {
  const counts = new Map<string, { campaign: string; answered: number; skipped: number }>();
  for (const { task, label } of accepted) {
    const campaign = states.get(task)?.campaign ?? '';
    const count = counts.get(campaign) ?? { campaign, answered: 0, skipped: 0 };
    if (label === null) count.skipped += 1;
    else count.answered += 1;
    counts.set(campaign, count);
  }
  return [...counts.values()];
}

/** Of several answers to one task in a batch, the first is judged. */
function firstOfEach(answers: readonly Answer[]): Answer[] {
  const first = new Map<string, Answer>();
  for (const answer of answers) if (!first.has(answer.task)) first.set(answer.task, answer);
  return [...first.values()];
}

export function createAnswers(database: Database) {
  return {
    /** Keeps what counts and says of the rest why not. Sending a batch again changes nothing. */
    answerTasks: ({ annotator, answers }: AnswerBatch): Promise<AnswerOutcome> =>
      database.transaction(async (connection) => {
        const batch = randomUUID();
        const distinct = firstOfEach(answers);
        const states = await readStates(connection, distinct);
        const judged = distinct.map((answer) => ({
          answer,
          judgement: judgeAnswer(states.get(answer.task), annotator, answer),
        }));
        const fresh = judged.filter((each) => each.judgement === 'accept').map((e) => e.answer);
        await write(connection, batch, annotator, fresh);
        const outcome: AnswerOutcome = {
          batch,
          accepted: [],
          refused: [],
          campaigns: countByCampaign(fresh, states),
        };
        for (const { answer, judgement } of judged) {
          if (judgement === 'accept' || judgement === 'repeat') outcome.accepted.push(answer.task);
          else
            outcome.refused.push({
              task: answer.task,
              code: judgement,
              context: refusalContext(answer, states.get(answer.task)),
            });
        }
        return outcome;
      }),
  };
}

const refusalContext = (answer: Answer, state: State | undefined): ErrorContext => ({
  task: answer.task,
  campaign: state?.campaign,
  label: answer.label,
  known: state?.labels.join(', '),
});
