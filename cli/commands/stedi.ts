/** `watchlake stedi`: customers, their phones' accelerometers and their step trainers. */
import type { Command } from 'commander';
import { declareGroup } from '../command';
import type { Actions } from '../shell';
import { addStediGenerate } from './stedi-generate';
import { addStediRun } from './stedi-run';

export function addStedi(program: Command, act: Actions): void {
  const group = declareGroup(program, {
    usage: 'stedi',
    about: 'Builds the tables of step trainers and accelerometers, with consent enforced.',
    examples: ['stedi run --source data/stedi'],
  });
  addStediRun(group, act);
  addStediGenerate(group, act);
}
