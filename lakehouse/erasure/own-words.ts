/** Words of the lake itself, which may be a person's name as well: whoever is called «string» is not every column of that type. */
import { readManifest } from '../read-manifest';
import type { Lake } from '../lake';
import { SAMPLES_FORMATS } from '../landing/descriptor';
import { SOURCE_NAMES } from '../stedi/fields';
import { ZONES } from '../tables';
import type { ErasingFormat } from './erasing-format';
import { needlesOf, type Person } from './person';

// What plans of ingests name besides.
const ALWAYS = [...ZONES, ...SAMPLES_FORMATS, ...SOURCE_NAMES, 'stedi', 'devices'];

/** Names of fields, and what they hold. */
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, each] of Object.entries(value)) {
    if (!Array.isArray(value)) yield name;
    yield* textsOf(each);
  }
}

/** Of the published tables: their declarations, files and counts. Facts tell of people. */
async function ownWords({ store, catalog }: Lake, dataset: string): Promise<Set<string>> {
  const words = new Set<string>(ALWAYS);
  for (const pointer of await catalog.list({ dataset })) {
    const manifest = await readManifest(store, pointer.prefix);
    if (manifest === null) continue;
    const { facts: _facts, firstProblems: _problems, ...declared } = manifest;
    for (const each of textsOf([pointer, declared])) words.add(each);
  }
  return words;
}

function besides(person: Person, words: Iterable<string>): Person {
  const { texts, values, shared } = person;
  const left = needlesOf({ own: [...texts, ...values], others: words });
  const isText = (each: string) => texts.includes(each);
  return {
    ...person,
    texts: left.texts.filter(isText),
    values: [...left.values, ...left.texts.filter((each) => !isText(each))],
    shared: shared + left.shared,
  };
}

/** The same, but of what names the person the lake's own words, and others that are no names, are not looked for. */
export const knowingOwnWords = (
  erasing: ErasingFormat,
  others: () => Promise<readonly string[]> = async () => [],
): ErasingFormat => ({
  ...erasing,
  findPerson: async (lake, request) => {
    const found = await erasing.findPerson(lake, request);
    const words = [...(await ownWords(lake, request.dataset)), ...(await others())];
    return { ...found, person: besides(found.person, words) };
  },
});
