/** How a person calls the command line: in a clone there is no `watchlake` on the PATH. */
export const PROGRAM = 'npx watchlake';

/** Commands that a text quotes, as they can be copied. */
export const callable = (text: string): string => text.replaceAll('`watchlake ', `\`${PROGRAM} `);
