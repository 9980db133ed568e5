/** The colours of the report, light, dark and printed; text has a contrast of at least 4.5, marks of 3. */

const LIGHT = `
  --page: #f4f4f1; --surface: #fdfdfc; --line: #e3e2dd;
  --ink: #14140f; --ink-2: #4c4b46; --muted: #696862; --link: #1c5cab;
  --edge: rgb(20 20 15 / 20%); --grid: #e8e7e2; --axis: #b9b8b0;
  --before: #85847d; --after: #2a78d6; --good: #0b6b3f; --bad: #d03b3b; --bad-text: #b3261e;
  --heat: #1c5cab; --heat-none: #f1f1ed; --heat-ink: #000; --others: #b9b8b0;
  --series-1: #2a78d6; --series-2: #1baf7a; --series-3: #eda100; --series-4: #008300;
  --series-5: #4a3aa7; --series-6: #e34948; --series-7: #e87ba4; --series-8: #eb6834;`;

const DARK = `
  --page: #0f0f0e; --surface: #191918; --line: #2e2e2b;
  --ink: #f6f6f2; --ink-2: #c6c5bc; --muted: #9d9c93; --link: #86b6ef;
  --edge: rgb(0 0 0 / 60%); --grid: #2b2b28; --axis: #55544d;
  --before: #8f8e86; --after: #3987e5; --good: #3fbf85; --bad: #e66767; --bad-text: #f08a85;
  --heat: #2a6fc4; --heat-none: #232322; --heat-ink: #fff; --others: #55544d;
  --series-1: #3987e5; --series-2: #199e70; --series-3: #c98500; --series-4: #2f9a2f;
  --series-5: #9085e9; --series-6: #e66767; --series-7: #d55181; --series-8: #d95926;`;

/** Paper is light, whatever the screen. */
export const COLOURS = `
:root { color-scheme: light dark;${LIGHT}
}
@media screen and (prefers-color-scheme: dark) { :root {${DARK}
} }
@media print { :root { --page: #fff; --surface: #fff; } }`;
