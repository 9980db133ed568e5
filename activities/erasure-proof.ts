/** The proof that ends an erasure: what was looked into, and that the person is in none of it. */
import type { Consent } from '../consent/consent';
import { WatchlakeError } from '../core/errors';
import { counted } from '../core/figures';
import { contentHash } from '../core/hash';
import type { Needles } from '../core/needles';
import type { AthenaTraces } from '../lakehouse/engines/athena-traces';
import type { Person } from '../lakehouse/erasure/person';
import { scanLake } from '../lakehouse/erasure/scan';
import { holdsDevices } from '../lakehouse/formats';
import { withdrawnDevices } from '../lakehouse/suppression';
import { readJson, writeJson } from '../lakehouse/json';
import type { Lake } from '../lakehouse/lake';
import { searchDeviceTopics, searchTopics, type TopicErasure } from '../streaming/erase';
import type { Broker } from '../streaming/ports';
import type { DeviceTopics, TopicNames } from '../streaming/topics';
import type { TaintedVersion } from '../registry/withdrawals';
import type { CaseName } from './erasure-case';

const PLACES_NAMED = 10;

export interface ErasedRecords {
  readonly labels: number;
  readonly tasks: number;
  readonly splits: number;
  readonly records: number;
  /** Of datasets of devices. */
  readonly profiles?: number;
  readonly aggregates?: number;
  readonly deviceTokens?: number;
}

/** What the erasure has done, as its workflow has counted it. */
export interface ErasureFacts {
  readonly removedRows: Readonly<Record<string, number>>;
  readonly removedObjects: { snapshots: number; objects: number; bytes: number; rewritten: number };
  readonly records: ErasedRecords;
  readonly topics: readonly TopicErasure[];
  readonly models: readonly TaintedVersion[];
  readonly retrainings: readonly string[];
}

export interface ErasureProof extends ErasureFacts {
  readonly formatVersion: 1;
  readonly dataset: string;
  readonly subject: string;
  readonly run: string;
  readonly suppressedSince: string | null;
  readonly provedAt: string;
  readonly scanned: {
    readonly objects: number;
    readonly bytes: number;
    readonly rows: number;
    /** Of other datasets, which were not looked into. */
    readonly otherObjects: number;
    readonly databaseTables: number;
    readonly databaseRows: number;
    readonly topics: number;
    readonly messages: number;
  };
  /** How many names, numbers and keys were looked for; those that others share were not. */
  readonly lookedFor: { readonly identifiers: number; readonly shared: number };
  readonly found: 0;
  /** Messages that wait for their reader, and go by the topic's retention at the latest. */
  readonly waiting: number;
  /** What Athena keeps and nobody can remove; null where no table is in Glue. */
  readonly athena?: AthenaTraces | null;
}

const proofsFolder = (subject: string): string => `proofs/erasure/${subject}/`;

export const proofKey = ({ subject }: CaseName, run: string): string =>
  `${proofsFolder(subject)}${contentHash(run)}.json`;

export interface ProofDeps {
  readonly lake: Lake;
  readonly consent: Consent;
  readonly broker: Broker;
  readonly topics: TopicNames;
  readonly deviceTopics: DeviceTopics;
  /** Looks through Athena's own records, where tables are in Glue. */
  readonly athena?: (needles: Needles, signal: AbortSignal) => Promise<AthenaTraces>;
}

export interface ProofRequest extends CaseName {
  readonly run: string;
  readonly facts: ErasureFacts;
}

interface Watch {
  readonly signal: AbortSignal;
  /** Told how far the proof has come. */
  readonly report: (read: Readonly<Record<string, number>>) => void;
}

interface Looked {
  readonly scanned: ErasureProof['scanned'];
  readonly places: string[];
  readonly waiting: number;
}

async function look(
  { lake, consent, broker, topics, deviceTopics }: ProofDeps,
  { dataset, facts }: ProofRequest,
  person: Person,
  { signal, report }: Watch,
): Promise<Looked> {
  const onObject = (read: number) => report({ objects: read });
  const objects = await scanLake(lake, { dataset, needles: person, signal, onObject });
  const isOfDevices = await holdsDevices(lake, dataset);
  // Consent is withdrawn by dataset: what another one knows of the person stays.
  const records = await consent.searchRows(person, {
    without: isOfDevices ? [] : ['devices'],
    signal,
    onRows: (databaseRows) => report({ objects: objects.objects, databaseRows }),
  });
  const search = { person, erased: facts.topics, signal };
  const messages = isOfDevices
    ? await searchDeviceTopics(broker, {
        ...{ ...search, topics: deviceTopics },
        isWithdrawn: await withdrawnDevices(consent, dataset),
      })
    : await searchTopics(broker, { ...search, topics });
  const left = messages.filter(({ found }) => found > 0);
  return {
    scanned: {
      objects: objects.objects,
      bytes: objects.bytes,
      rows: objects.rows,
      otherObjects: objects.otherDatasets,
      databaseTables: records.tables,
      databaseRows: records.rows,
      topics: messages.length,
      messages: messages.reduce((sum, each) => sum + each.messages, 0),
    },
    places: [
      ...objects.found,
      ...records.found.map(({ place, rows }) => `${place} (${counted(rows, 'row')})`),
      ...left.map(({ topic, found }) => `${topic} (${counted(found, 'message')})`),
    ],
    waiting: messages.reduce((sum, each) => sum + each.waiting, 0),
  };
}

/** Written once; ERASURE_INCOMPLETE, and nothing written, when the person is found anywhere. */
export async function prove(
  deps: ProofDeps,
  request: ProofRequest,
  person: Person,
  watch: Watch,
): Promise<ErasureProof> {
  const { dataset, subject, run, facts } = request;
  const { scanned, places, waiting } = await look(deps, request, person, watch);
  if (places.length > 0) {
    const named = places.slice(0, PLACES_NAMED).join(', ');
    throw new WatchlakeError('ERASURE_INCOMPLETE', { count: places.length, places: named });
  }
  const { texts, values, shared } = person;
  const proof: ErasureProof = {
    formatVersion: 1,
    ...{ dataset, subject, run },
    suppressedSince: await deps.consent.suppressedSince({ dataset, subject }),
    provedAt: new Date().toISOString(),
    ...facts,
    scanned,
    lookedFor: { identifiers: texts.length + values.length, shared },
    found: 0,
    waiting,
    athena: (await deps.athena?.(person, watch.signal)) ?? null,
  };
  await writeJson(deps.lake.store, proofKey(request, run), proof);
  return proof;
}

export const readProof = ({ store }: Lake, name: CaseName, run: string): Promise<ErasureProof> =>
  readJson<ErasureProof>(store, proofKey(name, run));

/** The newest proof about the person; PROOF_NOT_FOUND when there is none. */
export async function newestProof(lake: Lake, { dataset, subject }: CaseName) {
  let newest: { key: string; proof: ErasureProof } | null = null;
  for await (const { key } of lake.store.list(proofsFolder(subject))) {
    const proof = await readJson<ErasureProof>(lake.store, key);
    if (newest === null || proof.provedAt > newest.proof.provedAt) newest = { key, proof };
  }
  if (newest === null) throw new WatchlakeError('PROOF_NOT_FOUND', { dataset });
  return newest;
}
