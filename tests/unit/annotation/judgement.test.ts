/** Whether an answer to a label task counts. */
import {
  judgeAnswer,
  judgeUndo,
  type TaskState,
  type UndoState,
} from '../../../annotation/judgement';

const LEASE = '11111111-1111-4111-8111-111111111111';
const task = (changes: Partial<TaskState> = {}): TaskState => ({
  status: 'leased',
  lease: LEASE,
  annotator: 'anna',
  label: null,
  labels: ['rest', 'walk'],
  closed: false,
  ...changes,
});
const answer = (label: string | null = 'walk', lease = LEASE) => ({ task: '1', lease, label });

test.each([
  ['an answer in time', task(), answer(), 'accept'],
  ['a skip in time', task(), answer(null), 'accept'],
  ['a task that is not there', undefined, answer(), 'TASK_NOT_FOUND'],
  ['somebody else’s task', task({ annotator: 'ben' }), answer(), 'TASK_LEASE_LOST'],
  ['an older lease', task({ lease: 'newer' }), answer(), 'TASK_LEASE_LOST'],
  ['a task that went back', task({ status: 'open', lease: null }), answer(), 'TASK_LEASE_LOST'],
  ['a label of another campaign', task(), answer('swim'), 'LABEL_UNKNOWN'],
  ['a closed campaign', task({ closed: true }), answer(), 'CAMPAIGN_CLOSED'],
  ['the same again', task({ status: 'answered', label: 'walk' }), answer(), 'repeat'],
  ['the same skip again', task({ status: 'skipped' }), answer(null), 'repeat'],
  ['a second thought', task({ status: 'answered', label: 'rest' }), answer(), 'TASK_ANSWERED'],
  ['a label after a skip', task({ status: 'skipped' }), answer(), 'TASK_ANSWERED'],
  [
    'the same again after the campaign closed',
    task({ status: 'answered', label: 'walk', closed: true }),
    answer(),
    'repeat',
  ],
])('%s', (_case, state, given, expected) => {
  expect(judgeAnswer(state, 'anna', given)).toBe(expected);
});

const done = (changes: Partial<UndoState> = {}): UndoState => ({
  ...{ status: 'answered', lease: LEASE, annotator: 'anna', closed: false, expired: false },
  ...changes,
});

test.each([
  ['an answer just given', done(), 'accept'],
  ['a skip just made', done({ status: 'skipped' }), 'accept'],
  ['a task without an answer', done({ status: 'leased' }), 'repeat'],
  ['somebody else’s answer', done({ annotator: 'ben' }), 'TASK_LEASE_LOST'],
  ['an answer taken back before', done({ lease: 'newer' }), 'TASK_LEASE_LOST'],
  ['an answer of long ago', done({ expired: true }), 'TASK_LEASE_LOST'],
  ['an answer to a closed campaign', done({ closed: true }), 'CAMPAIGN_CLOSED'],
  ['a task that is not there', undefined, 'TASK_NOT_FOUND'],
])('taking back %s', (_case, state, expected) => {
  expect(judgeUndo(state, 'anna', LEASE)).toBe(expected);
});
