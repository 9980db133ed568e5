/** Escaping: what comes from data is text, whatever it holds. */
import * as fc from 'fast-check';
import { escapeHtml, html, link } from '../../../report/html';
import { unescape } from './page';

test('escapes what would mean something in a text or in an attribute', () => {
  expect(escapeHtml(`<a b="c" d='e'>&amp;`)).toBe(
    '&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;',
  );
});

test('keeps every text as it was for the reader, and never lets markup through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { markup } = html`${text}`;
      expect(unescape(markup)).toBe(text);
      expect(markup).not.toMatch(/[<>"']/);
    }),
  );
});

test('leaves markup made by itself alone, joins lists, and writes nothing for nothing', () => {
  const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
  expect(html`${items}${null}${undefined}${0}`.markup).toBe('<li>a</li><li>&lt;b&gt;</li>0');
});

test('cannot be fooled by data that looks like markup made by itself', () => {
  const data = JSON.parse('{"markup":"<script>"}') as string;
  expect(() => html`${data}`).toThrow(TypeError);
});

test.each(['javascript:alert(1)', 'data:text/html,x', 'not an address', ''])(
  'shows %p as text instead of a link',
  (url) => {
    expect(link({ label: 'here', url }).markup).not.toContain('<a');
  },
);

test('links addresses of the web', () => {
  expect(link({ label: 'a & b', url: 'http://127.0.0.1:8233/x?y=1&z="' }).markup).toBe(
    '<a href="http://127.0.0.1:8233/x?y=1&amp;z=%22">a &amp; b</a>',
  );
});
