/** Makes elements without writing HTML, so that no data can become markup. */

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children);
  return node;
}

export const element = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

export const byId = (id) => document.getElementById(id);

export function show(node, visible = true) {
  node.hidden = !visible;
}

const isShown = (node) => node.isConnected && node.checkVisibility();

/** A button that goes away takes the focus along: the heading of what is shown instead gets it. */
export async function keepingFocus(work) {
  const before = document.activeElement;
  await work();
  const present = document.activeElement;
  if (before === document.body || (present !== document.body && isShown(present))) return;
  const headings = [...document.querySelectorAll('main h1')];
  const target = isShown(before) ? before : headings.find(isShown);
  target?.focus({ preventScroll: true });
}

/** The width goes through the style object: the page's policy forbids style attributes. */
function segment(kind, share) {
  const span = element('span', { class: kind });
  span.style.flexBasis = `${share * 100}%`;
  return span;
}

/** Fills a bar with what is done, skipped and in somebody's hands. */
export function drawProgress(bar, { tasks, answered, skipped, leased }) {
  const share = (count) => (tasks === 0 ? 0 : count / tasks);
  bar.replaceChildren(
    segment('answered', share(answered)),
    segment('skipped', share(skipped)),
    segment('leased', share(leased)),
  );
  bar.setAttribute('aria-valuemin', '0');
  bar.setAttribute('aria-valuemax', String(tasks));
  bar.setAttribute('aria-valuenow', String(answered + skipped));
}

/** `forward-elevation` as people write it: `Forward elevation`; one of signs alone stays as it is. */
export function readable(label) {
  const words = label.replaceAll(/[-_]+/g, ' ').trim() || label;
  return words.charAt(0).toUpperCase() + words.slice(1);
}
