/** Leads from the report to the workflows behind it. */
import { html, link } from '../html';
import { empty, type Section } from '../parts';
import type { ReportData } from '../report-data';

export function linksSection({ links }: ReportData): Section {
  const content =
    links.length === 0
      ? empty('No workflow is linked.')
      : html`<p>The pages answer while the stack runs (<code>watchlake up</code>).</p>
          <ul class="links">
            ${links.map((entry) => html`<li>${link(entry)}</li>`)}
          </ul>`;
  return { id: 'workflows', title: 'Workflows', content };
}
