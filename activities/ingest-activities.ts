/** Steps that land an archive: open and plan it, land it batch by batch, publish what has landed. */
import type { Lake } from '../lakehouse/lake';
import { LANDING_TABLE, landingFacts } from '../lakehouse/landing/descriptor';
import type { IngestPlan } from '../lakehouse/landing/ingest-plan';
import { landedFacts, loadPlan, planIngest, savePlan } from '../lakehouse/landing/ingest-plan';
import { entriesOf, landPart } from '../lakehouse/landing/land-part';
import { isLanded, publishLanding } from '../lakehouse/landing/publish-landing';
import { readLayout } from '../lakehouse/landing/recordings-layout';
import type { OpenOptions } from '../lakehouse/sources/open-source';
import { forgetDownload, openSource, sourceHash } from '../lakehouse/sources/open-source';
import type { Source } from '../lakehouse/sources/source';
import { keepAlive } from './alive';
import { translated } from './errors';

export interface IngestDeps {
  readonly lake: Lake;
  /** The secret that pseudonyms are made with. */
  readonly subjectKey: string;
  readonly source?: Pick<OpenOptions, 'limits' | 'spoolFolder'>;
}

export interface OpenArchiveResult {
  readonly ingestId: string;
  readonly dataset: string;
  readonly members: number;
  readonly batches: number;
  readonly planKey: string;
  readonly alreadyLanded: boolean;
}

export interface LandBatchResult {
  readonly members: number;
  readonly rows: number;
}

export interface PublishLandingResult {
  readonly table: string;
  readonly snapshotId: string;
  readonly rows: number;
  readonly members: number;
  readonly quarantined: Record<string, number>;
}

export function createIngestActivities({ lake, subjectKey: secret, source: options }: IngestDeps) {
  async function withSource<T>(
    name: string,
    opening: Pick<OpenOptions, 'known' | 'signal'>,
    work: (source: Source) => Promise<T>,
  ): Promise<T> {
    const source = await openSource(name, { ...options, ...opening });
    try {
      return await work(source);
    } finally {
      await source.close();
    }
  }

  /** Whether the dataset has it already: the same archive again is a no-op. */
  async function alreadyLanded(plan: IngestPlan): Promise<boolean> {
    return isLanded(await landedFacts(lake, plan.dataset), plan);
  }

  return translated({
    // Safe to retry: it reads the archive and hashes it.
    identifySource: ({ source }: { source: string }): Promise<{ sourceHash: string }> =>
      keepAlive(async ({ signal }) => ({
        sourceHash: await sourceHash(source, { ...options, signal }),
      })),

    // Safe to retry: the plan follows from the archive and what has landed; writing it again is harmless.
    openArchive: (input: {
      source: string;
      dataset: string;
      format: 'recordings';
    }): Promise<OpenArchiveResult> =>
      keepAlive(({ signal }) =>
        withSource(input.source, { signal }, async (source) => {
          const layout = await readLayout(source);
          const { dataset } = input;
          const plan = await planIngest(lake, { dataset, source, layout, secret });
          return {
            ingestId: plan.ingestId,
            dataset,
            members: plan.parts.flat().length,
            batches: plan.batches.length,
            planKey: await savePlan(lake, plan),
            alreadyLanded: await alreadyLanded(plan),
          };
        }),
      ),

    // Safe to retry: a part is written whole and once; a retry goes on at the first that is missing.
    landBatch: ({ planKey, batch }: { planKey: string; batch: number }): Promise<LandBatchResult> =>
      keepAlive(async ({ signal, report }) => {
        const plan = await loadPlan(lake, planKey);
        return withSource(plan.source, { known: plan.known, signal }, async (source) => {
          const { recordings } = await readLayout(source);
          let [members, rows, reported] = [0, 0, 0];
          for (const part of plan.batches[batch] ?? []) {
            const entries = entriesOf(plan, part, recordings);
            const onRows = (count: number) => {
              reported += count;
              report({ batch, part, rows: reported });
            };
            const request = { plan, part, source, entries, secret, signal, onRows };
            const landed = await landPart(lake, request);
            members += landed.recordings.length;
            rows += landed.recordings.reduce((sum, recording) => sum + recording.rows, 0);
          }
          return { members, rows };
        });
      }),

    // Safe to retry: the snapshot follows from what has landed, and the pointer moves once.
    publishLanding: ({ planKey }: { planKey: string }): Promise<PublishLandingResult> =>
      keepAlive(async ({ signal }) => {
        const plan = await loadPlan(lake, planKey);
        const manifest = await publishLanding(lake, plan, { signal });
        await forgetDownload(plan.source, options?.spoolFolder);
        return {
          table: LANDING_TABLE,
          snapshotId: manifest.snapshotId,
          rows: manifest.rows,
          members: landingFacts(manifest).recordings.length,
          quarantined: { ...manifest.quarantined },
        };
      }),
  });
}

export type IngestActivities = ReturnType<typeof createIngestActivities>;
