/** Reads a rendered page back: its tags, its tables and its words. */

const VOID = new Set(['meta', 'br', 'hr', 'img', 'input', 'link']);

export const unescape = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

/** Without markup, white space as one blank. */
export const textOf = (markup: string): string =>
  unescape(markup.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')).trim();

/** Cells of the table whose caption contains the text, row by row, without its head. */
export function tableOf(page: string, caption: string): string[][] {
  const tables = page.match(/<table[\s\S]*?<\/table>/g) ?? [];
  const found = tables.filter((table) => textOf(captionOf(table)).includes(caption));
  if (found.length !== 1) throw new Error(`${found.length} tables have the caption ${caption}`);
  const body = /<tbody>([\s\S]*)<\/tbody>/.exec(found[0] ?? '')?.[1] ?? '';
  return (body.match(/<tr>[\s\S]*?<\/tr>/g) ?? []).map((row) =>
    (row.match(/<t[hd][\s>][\s\S]*?<\/t[hd]>/g) ?? []).map(textOf),
  );
}

export const captionOf = (table: string): string =>
  /<caption>([\s\S]*?)<\/caption>/.exec(table)?.[1] ?? '';

/** Text of the section with this id. */
export function sectionOf(page: string, id: string): string {
  const section = new RegExp(`<section id="${id}"[\\s\\S]*?</section>`).exec(page);
  if (section === null) throw new Error(`no section ${id}`);
  return section[0];
}

/** The tags that are not closed in the order in which they were opened. */
export function unbalancedTags(page: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, slash, name = '', rest = ''] of withoutText(page).matchAll(
    /<(\/?)([a-zA-Z][\w-]*)((?:[^>"]|"[^"]*")*)>/g,
  )) {
    if (VOID.has(name) || rest.endsWith('/')) continue;
    if (slash === '') open.push(name);
    else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}

const withoutText = (page: string): string =>
  page.replace(/<!doctype[^>]*>/i, '').replace(/<style>[\s\S]*?<\/style>/g, '');

export const attributes = (page: string, name: string): string[] =>
  [...page.matchAll(new RegExp(` ${name}="([^"]*)"`, 'g'))].map(([, value]) =>
    unescape(value ?? ''),
  );
