/** Writes times of windows: of a clock that shows the date, and of one that counts from the recording's start. */

// Earlier ones are offsets: no recording lasts twenty years.
const FIRST_DATE_MS = Date.UTC(1990, 0);

/** Rounded first: a second of sixty is a minute. */
const offset = (ms) => {
  const tenths = Math.round(ms / 100);
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
};

const dateAndTime = (ms) => new Date(ms).toISOString().slice(0, 19).split('T');

/** A date that is the same is not repeated. */
export function span(startMs, endMs) {
  if (startMs < FIRST_DATE_MS) return `${offset(startMs)} – ${offset(endMs)} min`;
  const [[startDate, startTime], [endDate, endTime]] = [startMs, endMs].map(dateAndTime);
  const end = endDate === startDate ? endTime : `${endDate} ${endTime}`;
  return `${startDate} ${startTime} – ${end} UTC`;
}
