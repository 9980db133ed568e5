/** Keeps what a bench has measured in bench/results, as figures and as the report that was made of them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../core/project-root';

const RESULTS = join(PROJECT_ROOT, 'bench', 'results');

/** Prints the report as well. */
export async function keepResult(name: string, figures: object, report: string): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, `${name}.json`), `${JSON.stringify(figures, null, 2)}\n`);
  await writeFile(join(RESULTS, `${name}.md`), report);
  console.log(report);
}
