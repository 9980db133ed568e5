/** Where the demo keeps what it makes: beside the user's own data, which it never touches. */
import { join, relative } from 'node:path';

export const demoHome = (home: string): string => join(home, 'demo');

/** Its home as one types it after `--home`. */
export const demoOption = (demo: string): string => relative(process.cwd(), demo) || demo;
