/** The buttons of a task: a label each, with what was predicted, and the one that skips. */
import { element, readable } from './dom.js';

/** As people write it, unless another label would read alike, as `walk` and `Walk` do: then as it is. */
export function nameAmong(labels, label) {
  const name = readable(label);
  return labels.some((other) => other !== label && readable(other) === name) ? label : name;
}

/** A no-break space keeps the sign with its number. */
const percent = (share) =>
  `${(share * 100).toFixed(share >= 0.0005 && share < 0.0995 ? 1 : 0)}\u00a0%`;

function choice(label, name, index) {
  const key = index < 9 ? String(index + 1) : '';
  return element(
    'button',
    { class: 'choice', type: 'button', 'data-label': label, 'aria-keyshortcuts': key || undefined },
    key ? element('kbd', {}, key) : element('span', { class: 'no-key' }),
    element('span', { class: 'text' }, name),
  );
}

function showPrediction(button, name, probability, isLikeliest) {
  const bar = element('span');
  bar.style.width = `${probability * 100}%`;
  button.classList.toggle('likeliest', isLikeliest);
  button.setAttribute('aria-label', `${name}, predicted with ${percent(probability)}`);
  button.append(
    element('span', { class: 'share' }, percent(probability)),
    element('span', { class: 'bar' }, bar),
  );
}

function skipChoice(onSkip) {
  const button = element(
    'button',
    { class: 'choice skip', id: 'skip', type: 'button', 'aria-keyshortcuts': 's' },
    element('kbd', {}, 'S'),
    element('span', { class: 'text' }, 'I cannot tell, skip it'),
  );
  button.addEventListener('click', () => void onSkip());
  return button;
}

/** The keys stay with their labels from task to task: fingers learn them. */
export function choicesOf({ labels, prediction }, onAnswer, onSkip) {
  const { classes = [], probabilities = [] } = prediction ?? {};
  const byLabel = new Map(classes.map((label, index) => [label, probabilities[index]]));
  const best = Math.max(...probabilities);
  const buttons = labels.map((label, index) => {
    const name = nameAmong(labels, label);
    const button = choice(label, name, index);
    const probability = byLabel.get(label) ?? 0;
    if (prediction) showPrediction(button, name, probability, probability === best);
    button.addEventListener('click', () => void onAnswer(label));
    return button;
  });
  return [...buttons, skipChoice(onSkip)];
}
