/** What the browser keeps for the page; where it may keep nothing, the page does until it is left. */

const kept = new Map();

/** `area`: `localStorage` for all tabs and later visits, `sessionStorage` for this tab. */
export function recall(area, key) {
  try {
    return window[area].getItem(key);
  } catch {
    return kept.get(key) ?? null;
  }
}

export function keep(area, key, value) {
  try {
    window[area].setItem(key, value);
  } catch {
    kept.set(key, value);
  }
}
