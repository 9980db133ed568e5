/** Puts the sections together to one HTML file that needs nothing else: no script, no font, no picture. */
import { html, trusted, type Html } from './html';
import type { Section } from './parts';
import { isScored, type ReportData } from './report-data';
import { calibrationSection } from './sections/calibration';
import { confusionSection } from './sections/confusion';
import { gateSection } from './sections/gate';
import { glossarySection } from './sections/glossary';
import { labelsSection } from './sections/labels';
import { learningCurveSection } from './sections/learning-curve';
import { linksSection } from './sections/links';
import { predictionsSection } from './sections/predictions';
import { stagesSection } from './sections/stages';
import { subjectsSection } from './sections/subjects';
import { renderSummary } from './sections/summary';
import { tablesSection } from './sections/tables';
import { STYLESHEET } from './stylesheet';

/** The page loads nothing and runs nothing, even if something hostile came through. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The same data give the same file. */
export function renderReport(data: ReportData): string {
  const sections = [
    learningCurveSection(data),
    ...(isScored(data)
      ? [confusionSection(data), subjectsSection(data), calibrationSection(data)]
      : []),
    gateSection(data),
    labelsSection(data),
    predictionsSection(data),
    tablesSection(data),
    stagesSection(data),
    linksSection(data),
    glossarySection(),
  ];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>${data.title}</title>
        <style>
          ${trusted(STYLESHEET)}
        </style>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        ${renderSummary(data)}
        <nav aria-label="Sections">
          <ul>
            ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
          </ul>
        </nav>
        <main id="content">${sections.map(renderSection)}</main>
        <footer>
          <p>
            Made by Watchlake ${data.codeVersion} on ${data.generatedAt}. This file stands alone: it
            loads nothing.
          </p>
        </footer>
      </body>
    </html> `.markup;
}

const renderSection = ({ id, title, content }: Section): Html =>
  html`<section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${title}</h2>
    ${content}
  </section> `;
