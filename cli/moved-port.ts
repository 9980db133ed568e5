/** Says that something listens elsewhere than at its last start: whoever knows the former address does not find it. */
import { portOf } from '../stack/ports';
import type { Voice } from './voice';

export interface Listening {
  what: string;
  url: string;
  /** Holds it on one port; what it asks for is no surprise. */
  variable: { name: string; given: number | undefined };
  formerPort: number | undefined;
}

export function showMove(voice: Voice, { what, url, variable, formerPort }: Listening): void {
  const port = portOf(url);
  if (variable.given !== undefined || formerPort === undefined || formerPort === port) return;
  voice.line();
  voice.line(
    `  ${voice.colors.yellow(`${what} listens on port ${port}, not on ${formerPort} as before.`)}`,
  );
  voice.line(
    `  Who knows the former address does not find it; ${variable.name} holds it on one port.`,
  );
}
