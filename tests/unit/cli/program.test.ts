import type { Command } from 'commander';
import { buildProgram, leafCommands } from '../../../cli/program';
import { helpText } from '../../../cli/documentation';
import { run } from './fake-surroundings';

const program = buildProgram(() => () => Promise.resolve());
const commands = leafCommands(program);

test('has every command that is promised', () => {
  expect(commands.map(({ name }) => name).sort()).toEqual([
    'attach',
    'backup',
    'campaigns close',
    'campaigns list',
    'campaigns open',
    'casas generate',
    'catalog ddl',
    'consent grant',
    'consent list',
    'consent proof',
    'consent withdraw',
    'datasets list',
    'datasets remove',
    'demo',
    'devices aggregate',
    'devices generate',
    'devices land',
    'devices profiles import',
    'devices profiles list',
    'devices send',
    'devices serve',
    'devices token issue',
    'devices token list',
    'devices token revoke',
    'devices token rotate',
    'doctor',
    'down',
    'generate',
    'ingest',
    'loop',
    'migrate',
    'models list',
    'models promote',
    'models remove',
    'models rollback',
    'models show',
    'page',
    'predict',
    'provision apply',
    'provision destroy',
    'provision plan',
    'quarantine list',
    'quarantine replay',
    'quarantine show',
    'query',
    'refresh',
    'restore',
    'retrain',
    'schedules apply',
    'schedules list',
    'schedules pause',
    'schedules trigger',
    'simulate',
    'status',
    'stedi generate',
    'stedi run',
    'topics list',
    'topics show',
    'train',
    'up',
    'vacuum',
  ]);
});

test.each(commands)(
  '$name --help shows an example that calls it, and --json',
  ({ name, command }) => {
    const help = helpText(command);
    expect(help).toMatch(/\nExamples?:\n/);
    expect(help).toContain(`$ npx watchlake ${name}`);
    expect(help).toContain('--json');
  },
);

const groupsOf = (parent: Command, words: readonly string[] = []): [string, Command][] =>
  parent.commands
    .filter((command) => command.commands.length > 0)
    .flatMap((command) => {
      const path = [...words, command.name()];
      return [[path.join(' '), command] as [string, Command], ...groupsOf(command, path)];
    });

test.each(groupsOf(program))('%s --help shows an example of the group', (name, group) => {
  expect(helpText(group)).toContain(`$ npx watchlake ${name} `);
});

test('no help tells to type what a clone does not know', () => {
  const helps = [program, ...commands.map(({ command }) => command)].map(helpText);
  expect(helps.filter((help) => /[$`] ?watchlake /.test(help))).toEqual([]);
});

test.each(['ingest', 'refresh', 'train', 'retrain', 'simulate', 'loop', 'demo', 'attach'])(
  '%s waits, so it has --cancel-on-exit',
  (name) => {
    const command = commands.find((each) => each.name === name)?.command;
    expect(command && helpText(command)).toContain('--cancel-on-exit');
  },
);

test('what helps say besides is as wide as the terminal, and a command in it stays in one line', async () => {
  const groups = groupsOf(program).map(([name]) => name);
  const words = [
    [],
    ...[...groups, ...commands.map(({ name }) => name)].map((name) => name.split(' ')),
  ];
  for (const each of words) {
    const { stdout } = await run([...each, '--help']);
    // An example is one line, to be copied.
    const lines = stdout.split('\n').filter((line) => !line.startsWith('  $ '));
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  }
  const { stdout } = await run(['loop', '--help']);
  expect(stdout).toMatch(/ it waits for\s/);
  expect(stdout.split('\n')).toContainEqual(expect.stringContaining('`npx watchlake status`'));
});

test('help is an answer: on stdout, with exit code 0', async () => {
  const { exitCode, stdout, stderr } = await run(['ingest', '--help']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('$ npx watchlake ingest recordings.zip --dataset trial');
});

test('no command at all is a mistake: the help on stderr, with exit code 1', async () => {
  const { exitCode, stdout, stderr } = await run([]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toContain('Usage: watchlake');
});

test('--version prints the version of the package', async () => {
  const { exitCode, stdout } = await run(['--version']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
});

test.each([
  [['nonsense'], "Unknown command 'nonsense'"],
  [['ingest', 'a.zip'], "Required option '--dataset <name>' not specified"],
  [['ingest', '--dataset', 'a'], "Missing required argument 'archive'"],
  [['simulate', 'a', '--speed', 'fast'], 'Give a number from 0 to 100000.'],
  [['train', '--dataset', 'a', '--seed', '1.5'], 'Give a whole number from 0 to 2147483647.'],
  [['query', 'SELECT 1', '--format', 'xml'], 'Allowed choices are table, csv, json.'],
])('%j is refused with what is wrong and what helps', async (words, message) => {
  const { exitCode, stdout, stderr } = await run(words);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr).toContain('remedy: Add --help');
});
