/** In which order the declared tables of a dataset are built. */
import type { TableDeclaration } from './tables';

/** Tables of one stage need none of each other and are built side by side. */
export function stagesOf(tables: readonly TableDeclaration[]): { tables: string[] }[] {
  const waiting = new Map(tables.map((table) => [table.name, table]));
  const stages: { tables: string[] }[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting.values()]
      .filter(({ inputs }) => inputs.every((input) => !waiting.has(input)))
      .map(({ name }) => name);
    if (ready.length === 0) throw new Error(`${[...waiting.keys()].join(', ')} need each other`);
    ready.forEach((name) => waiting.delete(name));
    stages.push({ tables: ready });
  }
  return stages;
}
