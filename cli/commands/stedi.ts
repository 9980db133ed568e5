/** `watchlake stedi`: customers, their phones' accelerometers and their step trainers. */
import type { Command } from 'commander';
import type { Actions } from '../shell';
import { addStediGenerate } from './stedi-generate';
import { addStediRun } from './stedi-run';

export function addStedi(program: Command, act: Actions): void {
  const group = program
    .command('stedi')
    .description('Builds the tables of step trainers and accelerometers, with consent enforced.');
  addStediRun(group, act);
  addStediGenerate(group, act);
}
