/** Where the demo keeps what it makes: beside the user's own data, which it never touches. */
import { join } from 'node:path';

export const demoHome = (home: string): string => join(home, 'demo');
