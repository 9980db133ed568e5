/** `watchlake doctor`: whether this machine can run Watchlake, and what to do where it cannot. */
import type { Command } from 'commander';
import { declare } from '../command';
import type { Finding } from '../finding';
import { withProgress } from '../progress-line';
import type { Actions } from '../shell';
import { showHeading } from '../tables';
import type { Voice } from '../voice';

const MARKS: Record<Finding['status'], (voice: Voice) => string> = {
  ok: ({ colors }) => colors.green('✓'),
  note: ({ colors }) => colors.yellow('!'),
  missing: ({ colors }) => colors.red('✗'),
};

function showFindings(voice: Voice, findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ name }) => name.length));
  for (const finding of findings) {
    const { name, status, found, remedy } = finding;
    voice.line(`  ${MARKS[status](voice)} ${name.padEnd(width)}   ${found}`);
    if (remedy) voice.line(`    ${' '.repeat(width)}   ${voice.colors.dim(remedy)}`);
  }
}

export function addDoctor(program: Command, act: Actions): void {
  declare(program, {
    usage: 'doctor',
    about: 'Checks versions, ports, disk and memory, and says what is missing and how to get it.',
    examples: ['doctor', 'doctor --json'],
    more: 'What could only be better is marked with !, what keeps it from running with ✗. To a lake on S3 it begins an upload and breaks it off, which shows whether the lake may be written and its key used.',
  }).action(
    act(async (shell) => {
      const findings = await withProgress(shell.notes, (line) => {
        line.update('looking at the machine');
        return shell.services.examine(shell.config);
      });
      const missing = findings.filter(({ status }) => status === 'missing').length;
      return {
        result: { findings },
        failed: missing > 0,
        show: (voice) => {
          showHeading(voice, missing > 0 ? `${missing} missing` : 'Ready');
          showFindings(voice, findings);
        },
      };
    }),
  );
}
