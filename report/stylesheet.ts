/** The look of the report: colours for light, dark and paper, and the layout of text, tables and plots. */
import { COLOURS } from './colours';

export const STYLESHEET = `${COLOURS}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem clamp(1rem, 4vw, 3rem) 4rem; max-width: 68rem;
  background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
a { color: var(--link); text-underline-offset: 0.15em; }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
code { font: 0.9em ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
th code, .nowrap { white-space: nowrap; }
h1, h2, h3 { line-height: 1.2; letter-spacing: -0.01em; text-wrap: balance; margin: 0; }
p { max-width: 46rem; margin: 0.6rem 0; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 0.5rem; }

.overline { margin: 0; color: var(--muted); font-size: 0.875rem; letter-spacing: 0.02em; }
h1 { font-size: clamp(1.6rem, 4vw, 2.2rem); margin-top: 0.2rem; }
.result { font-size: clamp(1.1rem, 2.4vw, 1.3rem); line-height: 1.45; color: var(--ink); margin: 0.9rem 0 1.2rem; max-width: 52rem; text-wrap: pretty; }
.facts { display: flex; flex-wrap: wrap; gap: 0.6rem 2rem; margin: 0.8rem 0; }
.facts dt { color: var(--muted); font-size: 0.8125rem; }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; }

.tiles { list-style: none; margin: 1.8rem 0; padding: 0; display: grid; gap: 0.75rem; grid-template-columns: repeat(auto-fit, minmax(min(13.5rem, calc(50% - 0.4rem)), 1fr)); }
.tiles li { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 0.9rem 1.1rem; display: flex; flex-direction: column; }
.tile-label { color: var(--ink-2); font-size: 0.875rem; }
.tile-value { font-size: 1.9rem; font-weight: 600; line-height: 1.25; letter-spacing: -0.02em; }
.tile-note { color: var(--muted); font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
.tile-note.better { color: var(--good); }
.tile-note.worse { color: var(--bad-text); }
.trend::before { content: "· "; }

nav ul { list-style: none; margin: 0; padding: 0.7rem 0; display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; border-block: 1px solid var(--line); font-size: 0.9375rem; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }

section { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 1.6rem clamp(1rem, 3vw, 1.9rem); margin-top: 1.25rem; scroll-margin-top: 1rem; }
h2 { font-size: 1.35rem; margin-bottom: 0.8rem; }
h3 { font-size: 1.1rem; display: flex; align-items: center; gap: 0.6rem; flex-wrap: wrap; }
.empty { color: var(--muted); font-style: italic; }
.note { color: var(--ink-2); font-size: 0.9375rem; }

figure { margin: 0.4rem 0 1.6rem; }
figcaption { color: var(--muted); font-size: 0.875rem; max-width: 46rem; margin-top: 0.5rem; }
figure svg { display: block; width: 100%; min-width: 34rem; height: auto; }
#calibration-plot svg { min-width: 18rem; }
.legend { display: flex; gap: 0.6rem; margin: 0 0 0.5rem; font-size: 0.875rem; }
.legend ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.15rem 1.1rem; margin: 0; padding: 0; }
.legend-heading { color: var(--muted); flex: 0 0 3.4rem; }
.swatch { display: inline-block; width: 0.75em; height: 0.75em; border-radius: 3px; margin-right: 0.45em; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
/* At the edge behind which more lies there is a shadow; covers that move with the content hide it at the end. */
.scroll { overflow-x: auto; margin: 0.4rem 0 1.4rem; background:
  linear-gradient(to right, var(--surface) 40%, transparent) 0 0 / 3rem 100% no-repeat local,
  linear-gradient(to left, var(--surface) 40%, transparent) 100% 0 / 3rem 100% no-repeat local,
  linear-gradient(to right, var(--edge), transparent) 0 0 / 1rem 100% no-repeat,
  linear-gradient(to left, var(--edge), transparent) 100% 0 / 1rem 100% no-repeat; }
figure .scroll { margin: 0; }
section > :last-child, .decision > :last-child, .pair > *, .pair > * > :last-child { margin-bottom: 0; }
.pair { display: grid; gap: 1.4rem 2.4rem; margin: 0.8rem 0 1.6rem; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); align-items: start; }
.uneven th, .uneven td { padding-inline: 0.45rem; } .uneven tr > :first-child { padding-left: 0; } .uneven tr > :last-child { padding-right: 0; }
@media (min-width: 60rem) { .pair.uneven { grid-template-columns: 1.14fr 1fr; } }

table { border-collapse: collapse; width: 100%; font-size: 0.9375rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
table.compact { max-width: 34rem; }
caption { text-align: left; color: var(--ink-2); font-size: 0.875rem; padding-bottom: 0.45rem; }
th, td { padding: 0.38rem 0.7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: baseline; }
th:first-child { padding-left: 0; }
tr > :last-child { padding-right: 0; }
thead th { color: var(--muted); font-weight: 500; font-size: 0.8125rem; border-bottom-color: var(--axis); vertical-align: bottom; }
tbody th { font-weight: 500; }
.class-name { display: inline-block; width: max-content; max-width: 13rem; white-space: normal; overflow-wrap: anywhere; vertical-align: middle; }
.uneven tbody th { min-width: 5.5rem; overflow-wrap: anywhere; }
.number { text-align: right; }
td.number { white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
details { margin: 0.4rem 0 1.4rem; }
summary { cursor: pointer; color: var(--ink-2); font-size: 0.875rem; }
summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }

.matrix { border-collapse: separate; border-spacing: 2px; table-layout: auto; font-size: 0.875rem; }
.matrix th, .matrix td { border: 0; }
.matrix tbody th { white-space: nowrap; font-weight: 400; padding: 0 0.35rem 0 0; vertical-align: middle; }
.matrix thead th { text-align: center; padding: 0 0 0.2rem; }
.matrix thead th:first-child { text-align: left; }
.pair .class-name { max-width: 11rem; }
.pair .matrix .class-name { max-width: 9.5rem; }
.matrix abbr { text-decoration: none; }
.matrix .index { display: inline-block; min-width: 1.4em; color: var(--muted); font-size: 0.8125rem; }
.matrix td { text-align: center; padding: 0; height: 2.35rem; min-width: 2.2rem; border-radius: 4px; vertical-align: middle;
  background: color-mix(in oklab, var(--heat) var(--share), var(--heat-none)); color: var(--heat-ink); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.matrix td.none { color: var(--muted); }
.matrix td.right { font-weight: 600; }
.matrix td.deep { color: #fff; }

.decision { border-top: 1px solid var(--line); padding-top: 1.2rem; margin-top: 1.2rem; }
.badge { font-size: 0.8125rem; font-weight: 500; letter-spacing: 0; padding: 0.12rem 0.6rem; border-radius: 99px; border: 1px solid currentColor; }
.badge.good, .passed { color: var(--good); }
.badge.bad, .failed { color: var(--bad-text); }
.badge.open { color: var(--ink-2); }
.passed, .failed { white-space: nowrap; }
.failed { font-weight: 600; }
.links { padding-left: 1.1rem; columns: 20rem; }
.glossary { display: grid; gap: 1rem 2rem; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); margin: 0; }
.glossary dt { font-weight: 600; }
.glossary dd { margin: 0.15rem 0 0; color: var(--ink-2); font-size: 0.9375rem; }
footer { color: var(--muted); font-size: 0.875rem; margin-top: 2rem; }

@media (max-width: 40rem) {
  body { padding-top: 1.5rem; }
  /* Narrower, the texts of a plot would be too small to read; what does not fit is scrolled. */
  figure svg { min-width: 48rem; }
  #calibration-plot svg { min-width: 26rem; }
  caption { max-width: calc(100vw - 4.5rem); }
  th, td { padding-inline: 0.45rem; }
  .uneven th, .uneven td { padding-inline: 0.25rem; }
  .matrix td { min-width: 2rem; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
  html { font-size: 9.5pt; }
  body { padding: 0; max-width: none; }
  nav, .skip { display: none; }
  section { border: 0; border-top: 1px solid var(--axis); border-radius: 0; padding: 1rem 0; break-inside: auto; }
  section > p, .decision > p, .decision .facts { break-after: avoid; }
  p, figure, table, .decision h3, .tiles li { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  figure svg { min-width: 0; }
  details::details-content { content-visibility: visible; block-size: auto; }
  .scroll { overflow: visible; background: none; }
  .pair { column-gap: 1.2rem; }
  .matrix td { min-width: 2rem; }
  .links { columns: auto; }
  .links a::after { content: " " attr(href); color: var(--muted); }
}
`;
