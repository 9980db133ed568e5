/** Contrast after WCAG 2.2: text is legible on every ground that it stands on, in light and in dark. */
import { COLOURS } from '../../../report/colours';

const [light = '', dark = ''] = COLOURS.split('@media screen');

function colour(scheme: string, name: string): string {
  const value = new RegExp(`--${name}: (#[0-9a-f]{3,6});`).exec(scheme)?.[1];
  if (value === undefined) throw new Error(`no colour ${name}`);
  return value;
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(scheme: string, one: string, other: string): number {
  const [low = 0, high = 0] = [one, other]
    .map((name) => luminance(colour(scheme, name)))
    .sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const schemes = [
  ['light', light],
  ['dark', dark],
] as const;

test.each(schemes)('text has a contrast of at least 4.5 in %s', (_, scheme) => {
  for (const text of ['ink', 'ink-2', 'muted', 'link', 'good', 'bad-text']) {
    for (const ground of ['page', 'surface']) {
      expect([text, ground, contrast(scheme, text, ground) >= 4.5]).toEqual([text, ground, true]);
    }
  }
});

test.each(schemes)('lines that carry a figure have a contrast of at least 3 in %s', (_, scheme) => {
  for (const mark of ['before', 'after', 'bad']) {
    expect([mark, contrast(scheme, mark, 'surface') >= 3]).toEqual([mark, true]);
  }
});
