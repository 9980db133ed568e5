/** The label page: takes a task, shows its signal, sends the answer, goes on to the next. */
import { post, tokenForm, wantsToken } from './api.js';
import { byId, drawProgress, element, readable, show } from './dom.js';
import { followLastAnswer } from './last-answer.js';
import { span } from './moments.js';
import { drawSignal } from './plot.js';

const ANNOTATOR_KEY = 'watchlake.annotator';
const LONGEST_NAME = 80;
const WAIT_MS = 5_000;
const TAKEN_BACK = 'Taken back: answer again';

const query = new URLSearchParams(location.search);
const campaign = query.get('campaign') ?? undefined;
// A refusal stays told until the next answer: the page goes on by itself before anybody has read it.
const state = { annotator: '', task: null, last: null, refusal: null, busy: false, timer: 0 };

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
  if (!isSame && before?.until > performance.now()) void lookAgain();
}

async function lookAgain() {
  if (state.busy) return;
  setBusy(true);
  await next();
  setBusy(false);
}

/** As people write it, unless another label would read alike, as `walk` and `Walk` do: then as it is. */
function nameOf(label) {
  const name = readable(label);
  const isTwin = (other) => other !== label && readable(other) === name;
  return state.task?.labels.some(isTwin) ? label : name;
}

/** A no-break space keeps the sign with its number. */
const percent = (share) =>
  `${(share * 100).toFixed(share >= 0.0005 && share < 0.0995 ? 1 : 0)}\u00a0%`;

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
    shown.replaceChildren(element('h1', {}, title), element('p', {}, sentence), ...more);
  showOnly('notice');
}

// Who labels

function rememberAnnotator(name) {
  state.annotator = name;
  localStorage.setItem(ANNOTATOR_KEY, name);
  byId('annotator').textContent = `Labelling as ${name}`;
  show(byId('annotator'));
}

function askForName() {
  state.task = null;
  state.refusal = null;
  rememberLast('', null);
  clearTimeout(state.timer);
  const input = element('input', {
    id: 'name',
    required: true,
    maxlength: LONGEST_NAME,
    autocomplete: 'nickname',
    value: state.annotator,
  });
  const form = element(
    'form',
    {},
    element('label', { for: 'name' }, 'Your name or initials'),
    input,
    element('button', { class: 'button main', type: 'submit' }, 'Start labelling'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (name === '') return;
    rememberAnnotator(name);
    void next();
  });
  notice('Who is labelling?', 'Each answer is kept with the name of the person who gave it.', form);
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

function choice(label, index) {
  const key = index < 9 ? String(index + 1) : '';
  const button = element(
    'button',
    { class: 'choice', type: 'button', 'data-label': label, 'aria-keyshortcuts': key || undefined },
    key ? element('kbd', {}, key) : element('span'),
    element('span', { class: 'text' }, nameOf(label)),
  );
  button.addEventListener('click', () => void answer(label));
  return button;
}

function showPrediction(button, probability, isLikeliest) {
  const bar = element('span');
  bar.style.width = `${probability * 100}%`;
  button.classList.toggle('likeliest', isLikeliest);
  const said = `${nameOf(button.dataset.label)}, predicted with ${percent(probability)}`;
  button.setAttribute('aria-label', said);
  button.append(
    element('span', { class: 'share' }, percent(probability)),
    element('span', { class: 'bar' }, bar),
  );
}

function skipChoice() {
  const button = element(
    'button',
    { class: 'choice skip', id: 'skip', type: 'button', 'aria-keyshortcuts': 's' },
    element('kbd', {}, 'S'),
    element('span', { class: 'text' }, 'I cannot tell, skip it'),
  );
  button.addEventListener('click', () => void skip());
  return button;
}

function showPredictions(buttons, { classes, probabilities }) {
  const byLabel = new Map(classes.map((label, index) => [label, probabilities[index]]));
  const best = Math.max(...probabilities);
  for (const button of buttons) {
    const probability = byLabel.get(button.dataset.label) ?? 0;
    showPrediction(button, probability, probability === best);
  }
}

/** The keys stay with their labels from task to task: fingers learn them. */
function drawChoices({ labels, prediction }) {
  const buttons = labels.map(choice);
  if (prediction) showPredictions(buttons, prediction);
  byId('choices').replaceChildren(...buttons, skipChoice());
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
  drawChoices(task);
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
    notice(
      'No open campaign',
      'A campaign opens when the stream meets windows it is unsure of. This page looks again by itself.',
      home,
    );
    waitForTask();
  } else if (closed) {
    rememberLast('', null);
    const thanks = `${answered} answered, ${skipped} skipped. Thank you.`;
    notice('This campaign is closed', thanks, element('div', { class: 'actions' }, homeLink()));
  } else if (leased + open > 0 || sum(all, 'tasks') === 0) {
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
  showProblem(error);
  // An outage passes; what the server refuses for good does not.
  if (error.status === 0 || error.status >= 500 || error.status === 429) waitForTask();
}

async function next() {
  clearTimeout(state.timer);
  try {
    present(await lease());
  } catch (error) {
    recover(error);
  }
}

function present({ tasks, progress }) {
  showProblem(state.refusal);
  state.task = tasks[0] ?? null;
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
  clearTimeout(state.timer);
  setBusy(true);
  chosen?.classList.add('chosen');
  state.refusal = null;
  try {
    await post(taskUrl(task, path), { annotator: state.annotator, lease: task.lease, ...body });
    rememberLast(sentence, task);
    announce(sentence);
  } catch (error) {
    if (!isOver(error)) {
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
  return finish('answer', { label }, `Kept: ${nameOf(label)}`, chosen);
}

/** The task comes back, and what was on the screen after it. */
async function undo() {
  const { last, annotator } = state;
  if (!last || state.busy) return;
  clearTimeout(state.timer);
  setBusy(true);
  state.refusal = null;
  try {
    const { lease: held } = last;
    const given = await post(taskUrl(last, 'undo'), { annotator, lease: held });
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

const skip = () => finish('skip', {}, 'Kept: skipped');

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

const known = (query.get('annotator') ?? localStorage.getItem(ANNOTATOR_KEY) ?? '').trim();
if (known !== '' && known.length <= LONGEST_NAME) {
  rememberAnnotator(known);
  void next();
} else {
  askForName();
}
