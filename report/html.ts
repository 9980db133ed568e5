/** Makes HTML in which every value that comes from data is escaped, because nothing else can be put in. */
import { format } from 'echarts';

/** Markup that may stand in a page as it is. A class, so that no data can pass for it. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

type Part = Html | string | number | null | undefined | readonly Part[];

/** Escapes the five characters that mean something in HTML text and in quoted attributes. */
export const escapeHtml = (text: string): string => format.encodeHTML(text);

/** A template whose values are escaped, unless they are markup already; lists are joined. */
export const html = (texts: TemplateStringsArray, ...parts: Part[]): Html =>
  new Html(texts.reduce((page, text, index) => page + markupOf(parts[index - 1]) + text));

/** Only for text that this program has written itself: the stylesheet and the plots. */
export const trusted = (markup: string): Html => new Html(markup);

function markupOf(part: Part): string {
  if (part === null || part === undefined) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return part instanceof Html ? part.markup : [...part].map(markupOf).join('');
}

/** A link, when its address is one of the web; else its text alone, so that no script can hide in it. */
export function link({ label, url }: { label: string; url: string }): Html {
  const address = URL.canParse(url) ? new URL(url) : null;
  const isWeb = address !== null && ['http:', 'https:'].includes(address.protocol);
  return isWeb ? html`<a href="${address.href}">${label}</a>` : html`${label} (${url})`;
}
