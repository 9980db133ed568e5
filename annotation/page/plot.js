/** Draws a window's channels over time: one panel for each unit, all on the same time axis. */
import { NAME_HEIGHT, nameAbove, roomForNames, rowsOf } from './channel-names.js';
import { svg } from './dom.js';

const LINES_HEIGHT = 128;
/** On a phone the answers have to be seen beside the signal. */
const NARROW = { width: 500, linesHeight: 78 };
const MARGIN = { top: 30, bottom: 20, left: 46 };
const TIME_AXIS_HEIGHT = 34;
const COLOURS = 6;

const QUANTITIES = {
  g: 'Acceleration',
  'm/s²': 'Acceleration',
  'm/s^2': 'Acceleration',
  'rad/s': 'Rotation',
  'deg/s': 'Rotation',
  '°/s': 'Rotation',
  µT: 'Magnetic field',
  uT: 'Magnetic field',
};

/** Channels with the same unit belong together. */
export function panelsOf(channels) {
  const panels = new Map();
  for (const channel of channels) {
    const panel = panels.get(channel.unit) ?? { unit: channel.unit, channels: [] };
    panel.channels.push(channel);
    panels.set(channel.unit, panel);
  }
  return [...panels.values()].map((panel) => ({
    ...panel,
    title: QUANTITIES[panel.unit] ?? panel.channels.map(({ name }) => name).join(', '),
  }));
}

/** Round numbers that cover the range in about `count` steps. */
export function ticks(low, high, count) {
  const rough = (high - low || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) =>
    Number(((first + index) * step).toPrecision(10)),
  );
}

function extent(channels) {
  let low = Infinity;
  let high = -Infinity;
  for (const { values } of channels)
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  if (!Number.isFinite(low)) return [-1, 1];
  const padding = (high - low) * 0.08 || 0.5;
  return [low - padding, high + padding];
}

const scale = (from, to, low, high) => (value) =>
  from + ((value - low) / (high - low)) * (to - from);

/** A gap in the recording is left open: a line across it would invent samples. */
function pathOf(offsetsMs, values, x, y, gapMs) {
  let path = '';
  for (let index = 0; index < values.length; index += 1) {
    const isGap = index === 0 || offsetsMs[index] - offsetsMs[index - 1] > gapMs;
    path += `${isGap ? 'M' : 'L'}${x(offsetsMs[index]).toFixed(1)} ${y(values[index]).toFixed(1)}`;
  }
  return path;
}

/** Names at the lines' ends, moved apart where lines end close together. */
function nameHeights(channels, y, top, bottom) {
  const placed = channels
    .map(({ values }, index) => ({ index, at: y(values.at(-1) ?? 0) }))
    .sort((a, b) => a.at - b.at);
  placed.forEach((each, order) => {
    if (order > 0) each.at = Math.max(each.at, placed[order - 1].at + NAME_HEIGHT);
    else each.at = Math.max(each.at, top + 4);
  });
  const overflow = Math.max((placed.at(-1)?.at ?? 0) - bottom, 0);
  return placed.sort((a, b) => a.index - b.index).map(({ at }) => at - overflow);
}

const text = (className, x, y, content, anchor = 'start') =>
  svg('text', { class: className, x, y, 'text-anchor': anchor }, content);

function drawGrid(group, { y, low, high, left, right }) {
  for (const tick of ticks(low, high, 4)) {
    const height = y(tick).toFixed(1);
    const className = tick === 0 ? 'zero' : 'grid';
    group.append(
      svg('line', { class: className, x1: left, x2: right, y1: height, y2: height }),
      text('', left - 8, Number(height) + 4, String(tick).replace('-', '−'), 'end'),
    );
  }
}

function drawPanel(panel, offsetsMs, { top, height, linesHeight, right, above, x, gapMs }) {
  const left = MARGIN.left;
  const bottom = top + height - MARGIN.bottom;
  const [low, high] = extent(panel.channels);
  const y = scale(bottom, bottom - linesHeight, low, high);
  const group = svg('g');
  const title = text('title', 0, top + 16, panel.title);
  if (panel.unit) title.append(svg('tspan', { class: 'unit' }, ` (${panel.unit})`));
  group.append(title);
  drawGrid(group, { y, low, high, left, right });
  const heights = nameHeights(panel.channels, y, bottom - linesHeight, bottom);
  panel.channels.forEach(({ name, values }, index) => {
    const colour = (index % COLOURS) + 1;
    const d = pathOf(offsetsMs, values, x, y, gapMs);
    const beside = () => [text(`name ink-${colour}`, right + 8, heights[index] + 4, name)];
    group.append(
      svg('path', { class: `series series-${colour}`, d }),
      ...(above === null ? beside() : nameAbove(name, colour, above[index], top + 18)),
    );
  });
  return group;
}

function drawTimeAxis({ top, width, right, x, lengthMs }) {
  const group = svg('g');
  for (const second of ticks(0, lengthMs / 1000, width < NARROW.width ? 4 : 8)) {
    const at = x(second * 1000).toFixed(1);
    group.append(
      svg('line', { class: 'grid', x1: at, x2: at, y1: MARGIN.top, y2: top }),
      text('', at, top + 15, String(second), 'middle'),
    );
  }
  const middle = (MARGIN.left + right) / 2;
  group.append(text('', middle, top + 32, 'Time since the window’s start (s)', 'middle'));
  return group;
}

function describe(panels, lengthMs) {
  const parts = panels.map(({ title, unit, channels }) => {
    const ranges = channels.map(({ name, values }) => {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      return `${name} from ${low.toFixed(2)} to ${high.toFixed(2)}`;
    });
    return `${title}${unit ? ` in ${unit}` : ''}: ${ranges.join(', ')}`;
  });
  return `Signal of ${lengthMs / 1000} seconds. ${parts.join('. ')}.`;
}

/** A line under the pointer, through all panels, with the moment written beside it. */
function addCursor(root, { x, right, bottom, lengthMs }) {
  const line = svg('line', { class: 'cursor', y1: MARGIN.top, y2: bottom, visibility: 'hidden' });
  const moment = text('', right, 16, '', 'end');
  root.append(line, moment);
  const inverse = scale(0, lengthMs, MARGIN.left, right);
  const hide = () => {
    line.setAttribute('visibility', 'hidden');
    moment.textContent = '';
  };
  root.addEventListener('pointermove', (event) => {
    const time = inverse(event.clientX - root.getBoundingClientRect().left);
    if (time < 0 || time > lengthMs) return hide();
    line.setAttribute('visibility', 'visible');
    line.setAttribute('x1', x(time));
    line.setAttribute('x2', x(time));
    moment.textContent = `${(time / 1000).toFixed(2)} s`;
  });
  root.addEventListener('pointerleave', hide);
}

/** Draws into the container at its present width. */
export function drawSignal(container, { signal, lengthMs }) {
  const width = Math.max(container.clientWidth, 280);
  const panels = panelsOf(signal.channels);
  const { offsetsMs } = signal;
  const root = svg('svg', { role: 'img', 'aria-label': describe(panels, lengthMs) });
  // Texts are measured where they are shown.
  container.replaceChildren(root);
  const room = roomForNames(root, panels, width);
  const right = width - room.right;
  const x = scale(MARGIN.left, right, 0, lengthMs);
  const gapMs = 5 * (lengthMs / Math.max(offsetsMs.length, 1));
  const linesHeight = width < NARROW.width ? NARROW.linesHeight : LINES_HEIGHT;
  let bottom = 0;
  const drawn = panels.map((panel, index) => {
    const [top, above] = [bottom, room.above[index]];
    const height = MARGIN.top + linesHeight + MARGIN.bottom + rowsOf(above) * NAME_HEIGHT;
    bottom += height;
    return drawPanel(panel, offsetsMs, { top, height, linesHeight, right, above, x, gapMs });
  });
  const height = bottom + TIME_AXIS_HEIGHT;
  root.setAttribute('viewBox', `0 0 ${width} ${height}`);
  root.setAttribute('height', height);
  root.append(drawTimeAxis({ top: bottom, width, right, x, lengthMs }), ...drawn);
  addCursor(root, { x, right, bottom, lengthMs });
}
