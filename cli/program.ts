/** The whole command line: every command, under one program. */
import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../core/project-root';
import { withHelpAfter } from './command';
import { addAttach } from './commands/attach';
import { addBackup, addRestore } from './commands/backup';
import { addCampaigns } from './commands/campaigns';
import { addCasas } from './commands/casas';
import { addCatalog } from './commands/catalog';
import { addConsent } from './commands/consent';
import { addDatasets } from './commands/datasets';
import { addDemo } from './commands/demo';
import { addDevices } from './commands/devices';
import { addDoctor } from './commands/doctor';
import { addGenerate } from './commands/generate';
import { addIngest } from './commands/ingest';
import { addLoop } from './commands/loop';
import { addMigrate } from './commands/migrate';
import { addModels } from './commands/models';
import { addPage } from './commands/page';
import { addPredict } from './commands/predict';
import { addProvision } from './commands/provision';
import { addQuarantine } from './commands/quarantine';
import { addQuery } from './commands/query';
import { addRefresh } from './commands/refresh';
import { addRetrain } from './commands/retrain';
import { addSchedules } from './commands/schedules';
import { addSimulate } from './commands/simulate';
import { addStatus } from './commands/status';
import { addStedi } from './commands/stedi';
import { addTopics } from './commands/topics';
import { addTrain } from './commands/train';
import { addDown, addUp } from './commands/up';
import { addVacuum } from './commands/vacuum';
import type { Actions } from './shell';

const GROUPS = [
  { title: 'Start here:', adders: [addDemo, addDoctor] },
  { title: 'The stack:', adders: [addUp, addDown, addStatus] },
  {
    title: 'Data:',
    adders: [
      addIngest,
      addRefresh,
      addStedi,
      addCasas,
      addQuery,
      addQuarantine,
      addCatalog,
      addDatasets,
      addVacuum,
    ],
  },
  { title: 'Models:', adders: [addTrain, addRetrain, addModels] },
  {
    title: 'Streams and the loop:',
    adders: [addSimulate, addGenerate, addPredict, addCampaigns, addLoop, addTopics],
  },
  { title: 'Devices:', adders: [addDevices] },
  {
    title: 'Operation:',
    adders: [addAttach, addSchedules, addBackup, addRestore, addMigrate, addPage],
  },
  { title: 'People:', adders: [addConsent] },
  { title: 'AWS:', adders: [addProvision] },
] as const;

const versionText = (): string =>
  (JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { version: string })
    .version;

export function buildProgram(act: Actions): Command {
  const program = new Command('watchlake')
    .description(
      "A lakehouse for wearables, and an activity classifier that learns from people's labels.",
    )
    .version(versionText())
    .helpCommand(false)
    .showSuggestionAfterError();
  withHelpAfter(program, {
    examples: ['demo'],
    more: '`watchlake <command> --help` shows its options and an example.',
  });
  for (const { title, adders } of GROUPS) {
    program.commandsGroup(title);
    for (const add of adders) add(program, act);
  }
  return program;
}

/** Every command that does something, with the words that call it, such as `models list`. */
export function leafCommands(command: Command, words: readonly string[] = []) {
  const found: { name: string; command: Command }[] = [];
  for (const child of command.commands) {
    const path = [...words, child.name()];
    if (child.commands.length > 0) found.push(...leafCommands(child, path));
    else found.push({ name: path.join(' '), command: child });
  }
  return found;
}
