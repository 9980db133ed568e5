/** Steps that erase a person; each finds its own earlier work done and may be repeated. */
import type { Client } from '@temporalio/client';
import type { AnnotationStore } from '../annotation/annotation';
import { isWatchlakeError } from '../core/errors';
import { canonicalJson } from '../core/hash';
import type { DeviceTables } from '../devices/devices';
import type { RefreshRequest } from '../lakehouse/refresh-request';
import { holdsDevices } from '../lakehouse/formats';
import { rewriteModelTables } from '../lakehouse/erasure/model-tables';
import { joined, type Person } from '../lakehouse/erasure/person';
import { removeHoldings } from '../lakehouse/erasure/remove';
import { forgetDownloads } from '../lakehouse/sources/spool';
import { deviceIdentifier, pseudonymIdentifier, withdrawnDevices } from '../lakehouse/suppression';
import type { Registry } from '../registry/registry';
import { eraseFromDeviceTopics, eraseFromTopics, type TopicErasure } from '../streaming/erase';
import { deviceTopicSpecs, topicSpecs, type TopicShape } from '../streaming/topics';
import { alive } from './alive';
import { asActivities } from './as-activities';
import { erasingOf } from './erasing-of';
import {
  onCase,
  rememberRemoved,
  removedRows,
  type CaseDeps,
  type CaseName,
  type ErasureCase,
} from './erasure-case';
import { inTurn } from './held-lease';
import {
  prove,
  proofKey,
  readProof,
  type ErasedRecords,
  type ProofDeps,
  type ProofRequest,
} from './erasure-proof';
import { landedEvents, landedPredictions, samplesRead } from './erasure-streams';
import { awaitWriters, type Waiting } from './erasure-writers';

export interface ErasureDeps extends CaseDeps, ProofDeps {
  readonly registry: Registry;
  readonly annotation: AnnotationStore;
  readonly devices: Pick<DeviceTables, 'ownerOf' | 'eraseOwner'>;
  readonly client: Client;
  readonly topicShape?: TopicShape;
  /** Where downloads of archives lie. */
  readonly spoolFolder?: string;
  /** Unfinished work that is younger may still be finished; ten minutes by default. */
  readonly graceMs?: number;
}

const GRACE_MS = 10 * 60_000;

type Counts = Record<string, number>;

/** Another one for somebody else, and for one of whom more is known by now. */
const erasedKey = ({ consent }: ErasureDeps, dataset: string, person: Person): string =>
  consent.keyOf(dataset, `erased:${canonicalJson(person)}`);

const messagesLease = ({ dataset, subject }: CaseName) => ({
  name: 'erase-messages',
  holder: `${dataset}/${subject}`,
});

async function eraseEvents(
  { lake, consent, broker, deviceTopics, topicShape }: ErasureDeps,
  { dataset }: CaseName,
  erasing: { person: Person; name: string; signal: AbortSignal },
): Promise<TopicErasure[]> {
  await broker.ensureTopics(deviceTopicSpecs(deviceTopics, topicShape));
  return eraseFromDeviceTopics(broker, {
    ...{ ...erasing, topics: deviceTopics },
    landed: await landedEvents({ lake, broker, deviceTopics }, dataset),
    isWithdrawn: await withdrawnDevices(consent, dataset),
  });
}

export function createErasureActivities(deps: ErasureDeps) {
  const { lake, consent, registry, annotation, broker, topics, client } = deps;
  const withCase = onCase(deps);

  return asActivities({
    // Safe to retry: what is on the list stays on it, and the ledger takes no entry twice.
    suppressSubject: ({ run, ...name }: CaseName & { run: string }): Promise<{ keys: number }> =>
      withCase(name, async ({ identifier, subjectKey }) => {
        const { dataset } = name;
        const known = [identifier, pseudonymIdentifier(subjectKey)];
        const keys = known.map((each) => consent.keyOf(dataset, each));
        await consent.suppress({ ...name, keys, run });
        await consent.recordWithdrawal(name);
        return { keys: keys.length };
      }),

    // Safe to retry: it only looks.
    async awaitWriters({
      before = new Date().toISOString(),
      ...waiting
    }: Omit<Waiting, 'before'> & Partial<Waiting>): Promise<Record<string, never>> {
      await awaitWriters(client, { ...waiting, before }, alive());
      return {};
    },

    // Safe to retry: what an earlier attempt has found stays known.
    findSubject: ({ run, ...name }: CaseName & { run: string }) =>
      withCase(name, async (known, opened): Promise<{ rows: Counts; shared: number }> => {
        const { dataset } = name;
        const erasing = await erasingOf(deps, dataset);
        const request = { ...known, dataset, signal: alive().signal };
        const { person: found, rows } = await erasing.findPerson(lake, request);
        const person = joined(opened.person ?? null, found);
        const { identifier } = person;
        await consent.updateCase<ErasureCase>(name, { ...opened, identifier, person });
        const devices = person.devices.map((each) => deviceIdentifier(each));
        const keys = devices.map((each) => consent.keyOf(dataset, each));
        await consent.suppress({ ...name, keys, run });
        return { rows: { ...rows }, shared: person.shared };
      }),

    // Safe to retry: a landing table without the person is left as it is, and what went before counts.
    rewriteLanding: (name: CaseName) =>
      withCase(name, async (person) => {
        const { dataset, subject } = name;
        const erasing = await erasingOf(deps, dataset);
        const erased = erasedKey(deps, dataset, person);
        const remember = rememberRemoved(deps, name);
        const request = { dataset, subject, erased, person, remember, signal: alive().signal };
        const refresh = await erasing.presentRefresh(lake, dataset);
        const tables = Object.keys(await erasing.rewriteLanding(lake, request));
        const rows: Counts = await removedRows(deps, name, tables);
        return { rows, refresh } satisfies { rows: Counts; refresh: RefreshRequest | null };
      }),

    // Safe to retry: what is gone stays gone, and marks are made once.
    eraseRecords: (name: CaseName) =>
      withCase(name, async ({ subjectKey, identifier, devices }): Promise<ErasedRecords> => {
        const answers = await annotation.eraseAnswers({ dataset: name.dataset, subjectKey });
        const records = await registry.eraseFromRegistry({ ...name, subjectKey });
        if (!(await holdsDevices(lake, name.dataset))) return { ...answers, ...records };
        const owner = await deps.devices.eraseOwner({ userId: identifier, devices });
        return { ...answers, ...records, ...owner };
      }),

    // Safe to retry: a table without the person is left as it is, and what went before counts.
    rewriteModelTables: (name: CaseName): Promise<Counts> =>
      withCase(name, async (person) => {
        const { dataset } = name;
        const erased = erasedKey(deps, dataset, person);
        const { subjectKey } = person;
        const remember = rememberRemoved(deps, name);
        const request = { dataset, erased, subjectKey, remember, signal: alive().signal };
        const tables = Object.keys(await rewriteModelTables(lake, request));
        return removedRows(deps, name, tables);
      }),

    // Safe to retry: copies are committed with how far they go. The topics are those of all datasets:
    // two erasures at a time would each copy what others still need.
    eraseMessages: (name: CaseName): Promise<TopicErasure[]> =>
      withCase(name, (person) =>
        inTurn(registry, messagesLease(name), async (signal) => {
          const erasing = { person, name: name.subject, signal };
          if (await holdsDevices(lake, name.dataset)) return eraseEvents(deps, name, erasing);
          await broker.ensureTopics(topicSpecs(topics, deps.topicShape));
          return eraseFromTopics(broker, {
            ...erasing,
            topics,
            samplesRead: await samplesRead(broker, registry, topics),
            isLanded: await landedPredictions(deps),
          });
        }),
      ),

    // Safe to retry: it removes what is still there.
    removeHoldings: ({ since, ...name }: CaseName & { since?: string }) =>
      withCase(name, async (person) => {
        const { signal, report } = alive();
        await forgetDownloads(deps.spoolFolder);
        return removeHoldings(lake, {
          dataset: name.dataset,
          needles: person,
          instead: name.subject,
          graceMs: deps.graceMs ?? GRACE_MS,
          since,
          onObject: (objects) => report({ objects }),
          signal,
        });
      }),

    // Safe to retry: it only reads.
    taintedVersions: (name: CaseName) => registry.taintedVersions(name),

    // Safe to retry: the proof is named by the run; with it the case is closed.
    async proveErasure(
      request: ProofRequest,
    ): Promise<{ proof: string; scanned: Counts; waiting: number }> {
      const watch = alive();
      const { dataset, subject, run } = request;
      const written = await withCase(request, (person) =>
        prove(deps, request, person, watch),
      ).catch((error: unknown) => {
        if (!isWatchlakeError(error) || error.code !== 'CONSENT_CASE_NOT_FOUND') throw error;
        return readProof(lake, request, run);
      });
      await consent.closeCase({ dataset, subject });
      const { scanned, waiting } = written;
      return { proof: proofKey(request, run), scanned: { ...scanned }, waiting };
    },
  });
}

export type ErasureActivities = ReturnType<typeof createErasureActivities>;
