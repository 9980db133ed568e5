/** Scores champion and challenger on what neither has learned from, for the promotion gate. */
import type { AnnotationStore } from '../annotation/annotation';
import type { Label } from '../annotation/labels';
import { contentHash } from '../core/hash';
import { writeJson } from '../lakehouse/json';
import type { Lake } from '../lakehouse/lake';
import { comparisonsFolder, scoresFolder } from '../lakehouse/model-artefacts';
import { trainingWindows, type TrainingWindows } from '../lakehouse/training-windows';
import { NOBODY, withdrawnSubjects, type Suppression } from '../lakehouse/suppression';
import type { Evaluation } from '../models/evaluation';
import type { AuditComparison, Comparison, Scorecard } from '../models/promotion';
import type { LeaseInput } from '../registry/leases';
import type { Registry } from '../registry/registry';
import type { ModelVersion } from '../registry/versions';
import { alive } from './alive';
import { asActivities } from './as-activities';
import { championOf, requireChampion, type ChampionQuery } from './champion';
import { holdingLease } from './held-lease';
import { knownLabels } from './known-labels';
import { newPeople } from './new-people';
import {
  scoreVersion,
  shortScore,
  versionScore,
  type Scores,
  type VersionScore,
} from './score-version';

export interface ComparisonDeps {
  lake: Lake;
  registry: Registry;
  annotation: AnnotationStore;
  /** Who withdrew; nobody by default. */
  suppression?: Suppression;
}

interface HoldoutInput {
  model: string;
  dataset: string;
  /** Names the frozen split whose holdout decides. */
  seed: number;
  run: string;
}

export interface CompareInput extends HoldoutInput {
  champion: string;
  challenger: string;
  knownUntil: string;
  /** Kept meanwhile. */
  lease?: LeaseInput;
}

interface NewsQuery extends ChampionQuery {
  /** Whether people count as well who are in no part of this draw. */
  newPeopleOf?: { seed: number };
}

/** What no challenger has been judged on. */
interface News {
  labels: number;
  /** Absent unless it was asked for. */
  people?: number;
}

/** What is kept in the lake for the report and for whoever asks later why. */
export interface StoredComparison {
  formatVersion: 1;
  model: string;
  champion: VersionScore;
  challenger: VersionScore;
  figures: Comparison;
}

/** The champion alone, where nothing was compared. */
export interface StoredScore {
  formatVersion: 1;
  model: string;
  champion: VersionScore;
}

const comparisonKey = ({ model, champion, challenger, run }: CompareInput): string =>
  `${comparisonsFolder(model)}${champion}-${challenger}-${contentHash(run, 8)}.json`;

const scoreKey = ({ model, run }: HoldoutInput, version: string): string =>
  `${scoresFolder(model)}${version}-${contentHash(run, 8)}.json`;

export function createComparisonActivities(deps: ComparisonDeps) {
  const { lake, registry, annotation, suppression = NOBODY } = deps;

  /** Marked ones, and those whom a training had read before they were erased. */
  async function countWithdrawn({ dataset }: HoldoutInput, version: ModelVersion) {
    const isWithdrawn = await withdrawnSubjects(suppression, dataset);
    const unmarked = version.card.data.subjects.filter(isWithdrawn);
    return unmarked.length + (await registry.withdrawnSubjects(version));
  }

  async function countNewPeople({ model, dataset }: ChampionQuery, { seed }: { seed: number }) {
    const tried = new Set(await registry.triedSubjects({ model, dataset }));
    const isWithdrawn = await withdrawnSubjects(suppression, dataset);
    const present = await newPeople(deps, { dataset, seed }, alive().signal);
    return present.filter((key) => !tried.has(key) && !isWithdrawn(key)).length;
  }

  /**
   * The holdout less every subject that a version has learned from, for those prove nothing, and
   * less those whose erasure has begun.
   */
  async function unseenWindows(
    { dataset, seed }: HoldoutInput,
    versions: readonly ModelVersion[],
    signal: AbortSignal,
  ) {
    const split = await registry.getSplit({ dataset, seed });
    const seen = new Set(versions.flatMap(({ card }) => card.data.subjects));
    const isWithdrawn = await withdrawnSubjects(suppression, dataset);
    const isUnseen = (subject: string) => !seen.has(subject) && !isWithdrawn(subject);
    const subjectKeys = (split?.holdout ?? []).filter(isUnseen);
    return { subjectKeys, windows: await trainingWindows(lake, { dataset, subjectKeys, signal }) };
  }

  /** Null for one whose features are made in another way than those of the windows. */
  async function scoreChampionOn(
    champion: ModelVersion,
    windows: TrainingWindows,
    audit: readonly Label[],
  ): Promise<Scores | null> {
    const isOfOtherFormat = champion.card.featureSchema !== windows.schema.hash;
    return isOfOtherFormat ? null : scoreVersion(lake, champion, windows, audit);
  }

  async function compare(input: CompareInput, signal: AbortSignal) {
    const { model } = input;
    const { report } = alive();
    const champion = await registry.getVersion({ model, version: input.champion });
    const challenger = await registry.getVersion({ model, version: input.challenger });
    const holdout = await unseenWindows(input, [champion, challenger], signal);
    const isWithdrawn = await withdrawnSubjects(suppression, input.dataset);
    const known = await knownLabels(annotation, { ...input, champion, isWithdrawn });
    const { schema } = holdout.windows;
    const audit = known.audit.filter(({ featureSchema }) => featureSchema === schema.hash);

    report({ step: 'champion' });
    const before = await scoreChampionOn(champion, holdout.windows, audit);
    report({ step: 'challenger' });
    const after = await scoreVersion(lake, challenger, holdout.windows, audit);
    signal.throwIfAborted();
    const { uses } = await registry.recordHoldoutUse({
      model,
      // Named by its draw: whoever is erased or was seen leaves it the same holdout.
      holdout: contentHash({ dataset: input.dataset, seed: input.seed }),
      // Earlier releases named it by who was left of it.
      formerly: contentHash([...holdout.subjectKeys].sort()),
      comparison: `${champion.version}-${challenger.version}`,
    });
    const figures: Comparison = {
      champion: scorecardOf(champion, before?.evaluation ?? null),
      challenger: scorecardOf(challenger, before && after.evaluation),
      audit: before && auditOf(audit, before.auditAccuracy, after.auditAccuracy),
      withdrawnSubjects: await countWithdrawn(input, challenger),
      holdoutUses: uses,
    };
    const stored: StoredComparison = {
      formatVersion: 1,
      model,
      champion: versionScore(champion, before?.evaluation ?? null),
      challenger: versionScore(challenger, after.evaluation),
      figures,
    };
    const key = comparisonKey(input);
    await writeJson(lake.store, key, stored);
    return {
      key,
      figures,
      champion: shortScore(champion, before?.evaluation ?? null),
      challenger: shortScore(challenger, after.evaluation),
    };
  }

  return asActivities({
    // Safe to retry: it only reads. New is what no challenger has been judged on, also after a
    // rejection or a rollback: the same answers would have the same outcome.
    async countNewLabels({ model, dataset, newPeopleOf }: NewsQuery): Promise<News> {
      await championOf({ registry, lake }, { model, dataset });
      const after = await registry.triedUntil({ model, dataset });
      const counted = await annotation.countLabels({ dataset, after });
      if (newPeopleOf === undefined) return counted;
      return { ...counted, people: await countNewPeople({ model, dataset }, newPeopleOf) };
    },

    // Safe to retry: scoring is deterministic, the stored file is named by the run, and two versions
    // use a holdout once, however often they are compared on it.
    compareVersions: (input: CompareInput) =>
      holdingLease(registry, input.lease, (signal) => compare(input, signal)),

    // Safe to retry: the file is named by version and run. Nothing is decided by it, so that it is
    // no use of the holdout.
    async scoreChampion(input: HoldoutInput) {
      const champion = await requireChampion({ registry, lake }, input);
      const { windows } = await unseenWindows(input, [champion], alive().signal);
      const scores = await scoreChampionOn(champion, windows, []);
      const evaluation = scores?.evaluation ?? null;
      const key = scoreKey(input, champion.version);
      const stored: StoredScore = {
        formatVersion: 1,
        model: input.model,
        champion: versionScore(champion, evaluation),
      };
      await writeJson(lake.store, key, stored);
      return { key, champion: shortScore(champion, evaluation) };
    },
  });
}

const auditOf = (
  audit: readonly Label[],
  championAccuracy: number,
  challengerAccuracy: number,
): AuditComparison | null =>
  audit.length === 0 ? null : { labels: audit.length, championAccuracy, challengerAccuracy };

const scorecardOf = (
  { version, card }: ModelVersion,
  evaluation: Evaluation | null,
): Scorecard => ({
  version,
  featureSchema: card.featureSchema,
  bySubject:
    evaluation?.bySubject.map(({ subject, windows, macroF1 }) => ({ subject, windows, macroF1 })) ??
    [],
  perClass:
    evaluation?.perClass.map(({ label, recall, support }) => ({ label, recall, support })) ?? [],
  calibrationError: evaluation?.calibrationError ?? 0,
});

export type ComparisonActivities = ReturnType<typeof createComparisonActivities>;
