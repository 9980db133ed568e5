/** How a person is erased from datasets of the format `recordings`. */
import type { FeatureSchema } from '../../models/features';
import type { RefreshRequest } from '../dataset-format';
import type { DuckdbSession } from '../engines/duckdb-session';
import { createViews, literal, numberOf, rowsOf, withDuckdb } from '../engines/duckdb-session';
import { adoptFiles, copyToParquet, rowsIn } from '../engines/parquet-sink';
import type { ErasingFormat, FindRequest, FoundPerson } from '../erasure/erasing-format';
import type { Person } from '../erasure/person';
import { needlesOf } from '../erasure/person';
import type { Lake } from '../lake';
import type { DataFile } from '../manifest';
import { ensureSnapshot, findManifestOrNull, publishSnapshot } from '../snapshots';
import { FEATURES_TABLE } from '../watch/window-features';
import type { LandingFacts } from './descriptor';
import { LANDING_TABLE, landingFacts } from './descriptor';
import { copyFiles } from './copy-files';
import { ingestFolder } from './ingest-folder';
import { landingTable } from './landing-table';
import { outcomeOf } from './publish-landing';

const NAMING = ['recording', 'device', 'subject', 'subject_key'] as const;
const DESCRIBING = ['attributes', 'source_file', 'label'] as const;

const empty = ({ identifier, subjectKey }: FindRequest): FoundPerson => ({
  person: {
    ...{ identifier, subjectKey, devices: [] },
    ...needlesOf({ own: [identifier, subjectKey], others: [] }),
  },
  rows: {},
});

async function textsOf(session: DuckdbSession, names: readonly string[], where: string) {
  const rows = await rowsOf(
    session,
    `SELECT DISTINCT ${names.join(', ')} FROM ${LANDING_TABLE} WHERE ${where}`,
  );
  return rows
    .flatMap((row) => names.map((name) => row[name]))
    .filter((each): each is string => typeof each === 'string');
}

async function findPerson(lake: Lake, request: FindRequest): Promise<FoundPerson> {
  const { dataset, identifier, subjectKey, signal } = request;
  const manifest = await findManifestOrNull(lake, { dataset, table: LANDING_TABLE });
  if (manifest === null) return empty(request);
  const options = { store: lake.store, options: lake.duckdb, signal };
  return withDuckdb(options, async (session) => {
    await createViews(session, lake.store, { [LANDING_TABLE]: manifest });
    const isTheirs = `subject_key = ${literal(subjectKey)}`;
    const others = await textsOf(session, [...NAMING, ...DESCRIBING], `NOT (${isTheirs})`);
    const named = await textsOf(session, [...NAMING, 'source_file'], isTheirs);
    const devices = await textsOf(session, ['device'], isTheirs);
    const shared = new Set(others);
    const own = [identifier, subjectKey, ...named];
    const count = `SELECT count(*) FROM ${LANDING_TABLE} WHERE ${isTheirs}`;
    return {
      person: {
        ...{ identifier, subjectKey },
        devices: devices.filter((device) => !shared.has(device)),
        ...needlesOf({ own, others }),
      },
      rows: { [LANDING_TABLE]: await numberOf(session, count) },
    };
  });
}

interface RewriteRequest {
  readonly dataset: string;
  readonly person: Person;
  readonly signal?: AbortSignal;
}

/** The file with the rows of everybody else, beside what ingests have not published yet. */
async function keepOthers(
  lake: Lake,
  { key }: DataFile,
  { dataset, person, signal }: RewriteRequest,
): Promise<DataFile[]> {
  const options = { store: lake.store, options: lake.duckdb, signal };
  return withDuckdb(options, async (session) => {
    const path = await lake.store.localPath(key, session.scratch);
    const kept = await copyToParquet(session, {
      folder: 'kept',
      select: `SELECT r.* FROM read_parquet(${literal(path)}) r
        WHERE r.subject_key <> ${literal(person.subjectKey)}`,
    });
    const prefix = ingestFolder({ dataset, ingestId: 'erasure' });
    return rowsIn(kept) === 0 ? [] : adoptFiles(lake.store, kept, prefix);
  });
}

function factsWithout(facts: LandingFacts, { subjectKey }: Person): LandingFacts {
  const recordings = facts.recordings.filter((each) => each.subjectKey !== subjectKey);
  // The descriptor stays: what is derived from it, such as the features, must not change for others.
  return { ...facts, recordings };
}

async function rewriteLanding(
  lake: Lake,
  request: RewriteRequest,
): Promise<Record<string, number>> {
  const { dataset, person, signal } = request;
  const before = await findManifestOrNull(lake, { dataset, table: LANDING_TABLE });
  if (before === null) return {};
  const facts = landingFacts(before);
  const kept = factsWithout(facts, person);
  if (kept.recordings.length === facts.recordings.length) return { [LANDING_TABLE]: 0 };
  const { manifest } = await ensureSnapshot(lake, {
    table: landingTable({
      dataset,
      channels: facts.descriptor.channels,
      fingerprints: kept.recordings.map(({ fingerprint }) => fingerprint),
    }),
    inputs: { before: before.snapshotId, erased: 'a person' },
    signal,
    write: async (prefix) => {
      const rewritten: DataFile[] = [];
      for (const file of before.files) {
        signal?.throwIfAborted();
        rewritten.push(...(await keepOthers(lake, file, request)));
      }
      const files = await copyFiles(lake, rewritten, `${prefix}data/`);
      return { ...outcomeOf(files, kept), facts: { ...kept } };
    },
  });
  await publishSnapshot(lake, manifest);
  return { [LANDING_TABLE]: before.rows - manifest.rows };
}

async function presentRefresh(lake: Lake, dataset: string): Promise<RefreshRequest | null> {
  const manifest = await findManifestOrNull(lake, { dataset, table: FEATURES_TABLE });
  if (manifest === null) return null;
  const schema = manifest.facts.featureSchema as FeatureSchema | undefined;
  return { dataset, window: schema?.signal.window };
}

export const RECORDINGS_ERASING: ErasingFormat = {
  identifierOf: (given) => given.trim(),
  findPerson,
  rewriteLanding,
  presentRefresh,
};
