/** The label page: takes a task, shows its signal, sends the answer, goes on to the next. */
import { knownAnnotator, nameForm, rememberAnnotator } from './annotator.js';
import { post, tokenForm, wantsToken } from './api.js';
import { choicesOf, nameAmong } from './choices.js';
import { byId, drawProgress, element, keepingFocus, show } from './dom.js';
import { followLastAnswer } from './last-answer.js';
import { span } from './moments.js';
import { drawSignal } from './plot.js';

const WAIT_MS = 5_000;
// A sooner word would only flicker.
const SLOW_MS = 300;
const LOADING = 'Loading …';
const TAKEN_BACK = 'Taken back: answer again';

const campaign = new URLSearchParams(location.search).get('campaign') ?? undefined;
const state = {
  annotator: '',
  task: null,
  last: null,
  // Stays told until the next answer: the page goes on by itself before anybody has read it.
  refusal: null,
  // The task whose answer met an outage: nobody knows whether it has arrived before the server is asked for the next.
  unsure: null,
  // The request for a task that is under way: under another name what it gives has to be returned.
  leasing: null,
  // What was in hand when the name was asked for: asked for again, it is still to be returned.
  renaming: null,
  // Given here and not taken back: the person is thanked even when the campaign is no longer listed.
  answers: 0,
  busy: false,
  timer: 0,
  // Counts what a person or the page has done: what the server says to something earlier is of the past.
  turn: 0,
};

const lastAnswer = followLastAnswer(updateLast);

function offerUndo(last) {
  state.last = last;
  for (const button of document.querySelectorAll('.undo')) show(button, Boolean(last));
}

/** What the page itself has just done; what the server has said before is of the past. */
function rememberLast(sentence, last) {
  lastAnswer.stop();
  byId('last').textContent = sentence;
  offerUndo(last);
}

function updateLast(last) {
  const before = state.last;
  offerUndo(last);
  const isSame = last?.task === before?.task;
  if (last && !isSame) {
    const kept = last.label === null ? 'skipped' : nameOf(last.label);
    const wasTakenBack = byId('last').textContent === TAKEN_BACK;
    byId('last').textContent = wasTakenBack
      ? `${TAKEN_BACK}. Kept before it: ${kept}`
      : `Kept: ${kept}`;
  }
  // Gone before its time: the campaign has closed, or the task was taken back elsewhere.
  if (isSame || !(before?.until > performance.now())) return;
  if (!last) byId('last').textContent = '';
  void lookAgain();
}

async function lookAgain() {
  if (state.busy) return;
  setBusy(true);
  await next();
  setBusy(false);
}

const nameOf = (label) => nameAmong(state.task?.labels ?? [], label);

function showOnly(id) {
  for (const each of ['task', 'notice']) show(byId(each), each === id);
}

function showProblem(error) {
  const problem = byId('problem');
  problem.textContent = error ? [error.message, error.remedy].filter(Boolean).join(' ') : '';
  show(problem, Boolean(error));
}

function notice(title, sentence, ...more) {
  const shown = byId('notice');
  const words = ['h1', 'p'].map((tag) => shown.querySelector(tag)?.textContent);
  // Drawn anew every few seconds it would take the focus from whoever is on a button.
  if (shown.hidden || words[0] !== title || words[1] !== sentence)
    shown.replaceChildren(
      element('h1', { tabindex: -1 }, title),
      element('p', {}, sentence),
      ...more,
    );
  showOnly('notice');
}

// Who labels

function labelAs(name) {
  state.renaming = null;
  rememberAnnotator(name);
  state.annotator = name;
  byId('annotator').replaceChildren(element('span', {}, 'Labelling as '), name);
  show(byId('annotator'));
  sayLoading();
  void next();
}

function sayLoading() {
  showOnly(null);
  setTimeout(() => {
    if (['task', 'notice', 'problem'].every((id) => byId(id).hidden))
      notice(LOADING, 'The server is asked for a window.');
  }, SLOW_MS);
}

/** Under another name the task would be nobody's to answer until its time is over. */
async function relabelAs(name, { annotator, task, leasing }) {
  const turn = newTurn();
  sayLoading();
  const given = await leasing?.catch(() => null);
  const held = given?.tasks[0] ?? task;
  if (held && name !== annotator)
    await post(taskUrl(held, 'return'), { annotator, lease: held.lease }).catch(() => {});
  if (turn === state.turn) labelAs(name);
}

function askForName() {
  if (state.busy) return;
  newTurn();
  const before = state.renaming ?? { ...state };
  state.renaming = before;
  state.task = null;
  state.refusal = null;
  state.answers = 0;
  rememberLast('', null);
  notice(
    'Who is labelling?',
    'Each answer is kept with the name of the person who gave it.',
    nameForm(state.annotator, (name) => void relabelAs(name, before)),
  );
  byId('name').focus();
}

// The task

function showProgress(all) {
  const current =
    all.find((each) => each.campaign === (state.task?.campaign ?? campaign)) ?? all[0];
  show(byId('campaign'), Boolean(current));
  if (!current) return;
  byId('campaign-name').textContent = current.campaign;
  byId('counts').textContent = `${current.answered + current.skipped} of ${current.tasks} done`;
  drawProgress(byId('progress'), current);
}

// Audits come without one.
const guessOf = ({ prediction, version, model }) =>
  prediction
    ? `Predicted by version ${version} of the model ${model}`
    : `Drawn at random, to judge the model ${model}: what it predicts is not shown`;

function drawTask(task) {
  showOnly('task');
  byId('facts').textContent = `${task.device} · ${span(task.startMs, task.endMs)}`;
  byId('guess').textContent = guessOf(task);
  byId('choices').replaceChildren(...choicesOf(task, answer, skip));
  drawPlot();
}

function drawPlot() {
  const { task } = state;
  if (!task?.signal) return;
  drawSignal(byId('plot'), { signal: task.signal, lengthMs: task.endMs - task.startMs });
}

function setBusy(busy) {
  state.busy = busy;
  for (const button of document.querySelectorAll('#answer button')) button.disabled = busy;
}

function announce(sentence) {
  byId('status').textContent = sentence;
}

// No task left, and why

function sum(all, field) {
  return all.reduce((total, each) => total + each[field], 0);
}

function waitForTask() {
  state.timer = setTimeout(() => void next(), WAIT_MS);
}

const homeLink = () => element('a', { class: 'button', href: '/' }, 'Home');

function undoChoice() {
  const attributes = { class: 'button undo', type: 'button', 'aria-keyshortcuts': 'u' };
  const button = element('button', attributes, 'Undo my last answer ', element('kbd', {}, 'U'));
  button.addEventListener('click', () => void undo());
  show(button, Boolean(state.last));
  return button;
}

function showEmpty(all) {
  const home = element('div', { class: 'actions' }, undoChoice(), homeLink());
  const [leased, answered, skipped] = ['leased', 'answered', 'skipped'].map((f) => sum(all, f));
  const open = sum(all, 'open');
  const closed = all.length > 0 && all.every(({ status }) => status === 'closed');
  const facts = `${leased} in somebody’s hands, ${answered} answered, ${skipped} skipped`;
  if (all.length === 0) {
    const thanks = state.answers > 0 ? 'Your answers are kept. Thank you. ' : '';
    notice(
      'No open campaign',
      `${thanks}A campaign opens when the stream meets windows it is unsure of. This page looks again by itself.`,
      home,
    );
    waitForTask();
  } else if (closed) {
    rememberLast('', null);
    const thanks = `${answered} answered, ${skipped} skipped. Thank you.`;
    notice('This campaign is closed', thanks, element('div', { class: 'actions' }, homeLink()));
  } else if (sum(all, 'tasks') === 0) {
    notice(
      'There is no task yet',
      'The windows to ask about are being chosen. This page looks again by itself.',
      home,
    );
    waitForTask();
  } else if (leased + open > 0) {
    notice(
      'No open task',
      `${facts}. This page looks again by itself: a task comes back when its time with somebody is over.`,
      home,
    );
    waitForTask();
  } else {
    notice('All done', `No open task: ${facts}. Thank you.`, home);
  }
  const said = `No open task: ${facts}.`;
  if (byId('status').textContent !== said) announce(said);
}

function showUnknown() {
  state.task = null;
  rememberLast('', null);
  showProblem(state.refusal);
  show(byId('campaign'), false);
  notice(
    'There is no such campaign',
    'Its name may be mistyped, or it has been removed. The home page lists those that there are.',
    element('div', { class: 'actions' }, homeLink()),
  );
  setBusy(false);
}

// The server

async function lease() {
  return post('/api/tasks/lease', { campaign, annotator: state.annotator });
}

/** Closed, in other hands, or erased with its person: there is nothing more to do with this task. */
const isOver = ({ status }) => status === 404 || status === 409;

function recover(error) {
  if (wantsToken(error)) {
    showProblem(null);
    byId('notice').replaceChildren(...tokenForm(() => void next(), error));
    showOnly('notice');
    byId('token').focus();
    return;
  }
  if (error.code === 'CAMPAIGN_NOT_FOUND') return showUnknown();
  // Of a window that is shown nothing is hidden: the sentence may be that of its own first load.
  if (!state.task && byId('notice').querySelector('h1')?.textContent === LOADING) showOnly(null);
  showProblem(error);
  // An outage passes; what the server refuses for good does not.
  if (error.status === 0 || error.status >= 500 || error.status === 429) waitForTask();
}

function newTurn() {
  clearTimeout(state.timer);
  state.turn += 1;
  return state.turn;
}

async function next() {
  const turn = newTurn();
  try {
    state.leasing = lease();
    const given = await state.leasing;
    if (turn === state.turn) present(given);
  } catch (error) {
    if (turn === state.turn) recover(error);
  }
}

function present({ tasks, progress }) {
  state.task = tasks[0] ?? null;
  state.leasing = null;
  if (state.task && state.task.task === state.unsure)
    state.refusal = { message: 'Your answer has not arrived: answer this window again.' };
  state.unsure = null;
  showProblem(state.refusal);
  showProgress(progress);
  if (state.task) drawTask(state.task);
  else showEmpty(progress);
  setBusy(false);
  void lastAnswer.look({ campaign, annotator: state.annotator });
}

const taskUrl = ({ task }, path) => `/api/tasks/${encodeURIComponent(task)}/${path}`;

async function finish(path, body, sentence, chosen) {
  const { task } = state;
  if (!task || state.busy) return;
  newTurn();
  setBusy(true);
  chosen?.classList.add('chosen');
  state.refusal = null;
  try {
    await post(taskUrl(task, path), { annotator: state.annotator, lease: task.lease, ...body });
    state.answers += 1;
    rememberLast(sentence, task);
    announce(sentence);
  } catch (error) {
    if (!isOver(error)) {
      state.unsure = task.task;
      setBusy(false);
      chosen?.classList.remove('chosen');
      return recover(error);
    }
    state.refusal = { message: `${error.message} Your answer was not kept.` };
  }
  await next();
}

function answer(label) {
  const chosen = document.querySelector(`.choice[data-label="${CSS.escape(label)}"]`);
  return keepingFocus(() => finish('answer', { label }, `Kept: ${nameOf(label)}`, chosen));
}

/** The task comes back, and what was on the screen after it. */
async function takeBack() {
  const { last, annotator } = state;
  if (!last || state.busy) return;
  newTurn();
  setBusy(true);
  state.refusal = null;
  try {
    const { lease: held } = last;
    const given = await post(taskUrl(last, 'undo'), { annotator, lease: held });
    state.answers = Math.max(0, state.answers - 1);
    rememberLast(TAKEN_BACK, null);
    announce(TAKEN_BACK);
    present(given);
  } catch (error) {
    setBusy(false);
    if (!isOver(error)) return recover(error);
    // Closed meanwhile, or somebody else's: the answer stays.
    rememberLast('', null);
    state.refusal = { message: error.message };
    // Without a task the page itself says what has become of the campaign.
    if (!state.task) await next();
    else showProblem(state.refusal);
  }
}

function skip() {
  return keepingFocus(() => finish('skip', {}, 'Kept: skipped'));
}

const undo = () => keepingFocus(takeBack);

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target instanceof HTMLInputElement) return;
  if (event.key.toLowerCase() === 'u') return void undo();
  if (!state.task) return;
  if (event.key.toLowerCase() === 's') return void skip();
  const label = /^[1-9]$/.test(event.key) && state.task.labels[Number(event.key) - 1];
  if (label) void answer(label);
}

document.addEventListener('keydown', onKey);
byId('undo').addEventListener('click', () => void undo());
byId('annotator').addEventListener('click', askForName);
new ResizeObserver(drawPlot).observe(byId('plot'));

const known = knownAnnotator();
if (known === null) askForName();
else labelAs(known);
