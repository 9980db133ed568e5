/** Finds room for the names of a plot's channels: beside their lines, or above them where the names are long. */
import { svg } from './dom.js';

const GAP = 8;
const LEAST_MARGIN = 46;
const MARGIN_ABOVE = 14;
/** Beside longer names the lines would have too little room. */
const LARGEST_SHARE = 0.25;
export const NAME_HEIGHT = 14;
/** The dash before a name that stands apart from its line. */
const DASH = 12;

function measured(root, names) {
  const widths = new Map();
  const probe = svg('text', { class: 'name', visibility: 'hidden' });
  root.append(probe);
  for (const name of names) {
    probe.textContent = name;
    widths.set(name, probe.getComputedTextLength());
  }
  probe.remove();
  return widths;
}

/** Places of the names from left to right, in as many rows as they need. */
function placedInRows(names, widths, width) {
  let [x, row] = [0, 0];
  return names.map((name) => {
    const length = DASH + widths.get(name);
    if (x > 0 && x + length > width) [x, row] = [0, row + 1];
    const place = { x, row };
    x += length + 2 * GAP;
    return place;
  });
}

/** The right margin, and the places of each panel's names above its lines: null where they stand beside them. */
export function roomForNames(root, panels, width) {
  const namesOf = ({ channels }) => channels.map(({ name }) => name);
  const widths = measured(root, panels.flatMap(namesOf));
  const right = Math.ceil(Math.max(0, ...widths.values())) + GAP + 2;
  if (right <= Math.max(LEAST_MARGIN, LARGEST_SHARE * width))
    return { right: Math.max(right, LEAST_MARGIN), above: panels.map(() => null) };
  const above = panels.map((panel) => placedInRows(namesOf(panel), widths, width));
  return { right: MARGIN_ABOVE, above };
}

export const rowsOf = (places) => (places === null ? 0 : places.at(-1).row + 1);

/** The name with a dash in its line's colour. */
export function nameAbove(name, colour, { x, row }, top) {
  const y = top + (row + 1) * NAME_HEIGHT;
  return [
    svg('line', { class: `series series-${colour}`, x1: x, x2: x + 8, y1: y - 4, y2: y - 4 }),
    svg('text', { class: `name ink-${colour}`, x: x + DASH, y }, name),
  ];
}
