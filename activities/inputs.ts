/** The inputs of every workflow: fields, limits and defaults. */
import { z } from 'zod';
import { ENGINE_NAMES } from '../core/engine-names';
import { DEFAULT_PRICE_PER_TB } from '../lakehouse/engines/athena-cost';
import { ACTIVITIES } from '../lakehouse/casas/options';
import { FORMAT_NAMES } from '../lakehouse/dataset-format';
import { SAMPLES_FORMATS } from '../lakehouse/landing/descriptor';
import { addressProblem } from '../lakehouse/sources/source-address';
import { ASSOCIATIONS, CONSENT_RULES, DEFAULT_OPTIONS, FROM } from '../lakehouse/stedi/options';
import { USUAL_AUDIT_SHARE } from '../models/acquisition';
import { LEAST_SUBJECTS } from '../models/promotion';
import { GRAINS } from '../telemetry/aggregate';

const slug = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    'use 1–63 lower-case letters, digits, dots, dashes or underscores',
  );
const seed = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
/** A subject is named by its key alone (16 hexadecimal characters): names never reach a history. */
const subjectKeys = z
  .array(
    z
      .string()
      .regex(
        /^[0-9a-f]{16}$/,
        'use the subject key, not the name: the column subject_key of the table windows has it',
      ),
  )
  .min(1, 'name at least one subject, or leave the field out for all of them')
  .max(10_000);

const window = z
  .strictObject({
    lengthMs: z.int().min(100).max(600_000).default(4000),
    stepMs: z.int().min(50).max(600_000).default(2000),
  })
  .refine(({ lengthMs, stepMs }) => stepMs <= lengthMs, {
    path: ['stepMs'],
    error:
      'must not be larger than the length of a window: samples between two would never be looked at',
  });

/** A path or an address; histories keep it, so that it may not hold a secret. */
const source = z
  .string()
  .min(1)
  .refine((text) => addressProblem(text) === null, {
    error: ({ input }) => addressProblem(String(input)) ?? undefined,
  });

const share = z.number().min(0).max(1);
const count = z.int().min(0);

/** Only what departs from the defaults of models/promotion.ts. */
const gate = z.strictObject({
  alpha: share.optional(),
  margin: share.optional(),
  minimumSubjects: z
    .int()
    .min(LEAST_SUBJECTS, `must be at least ${LEAST_SUBJECTS}: fewer people cannot prove anything`)
    .optional(),
  recallLossLimit: share.optional(),
  minimumSupport: z.int().min(1).optional(),
  calibrationMargin: share.optional(),
  auditLossLimit: share.optional(),
  minimumAuditLabels: z.int().min(0).optional(),
  holdoutUseLimit: z.int().min(1).optional(),
});

/** A database of the Glue catalogue, as Athena takes it. */
const glueName = z.string().regex(/^[a-z0-9_-]{1,255}$/, 'use lower-case letters, digits, _ and -');

const stediOptions = z.strictObject({
  consent: z.enum(CONSENT_RULES).default(DEFAULT_OPTIONS.consent),
  association: z.enum(ASSOCIATIONS).default(DEFAULT_OPTIONS.association),
  from: z.enum(FROM).default(DEFAULT_OPTIONS.from),
});

/** How samples get their labels, in formats that label single rows; what is not given stays. */
const labels = z.strictObject({
  spanMs: z.int().min(0).max(86_400_000).optional(),
  activities: z.enum(ACTIVITIES).optional(),
});

/** How a training is evaluated: by people it has not seen, by the split that the data came with, or not. */
export const TRAINING_SCHEMES = ['leave-one-subject-out', 'shipped-split', 'none'] as const;
export type TrainingScheme = (typeof TRAINING_SCHEMES)[number];

const model = slug.default('activity');

const date = z.iso.date({ error: 'use a date such as 2026-03-01' });

const aggregationTotals = z.strictObject({
  periods: count,
  people: count,
  written: count,
  deleted: count,
  notKept: count,
  filesRead: count,
  rowsRead: count,
  // First date of the last period that is done.
  after: date.nullable(),
  // Absent where no partition was.
  detached: z.array(z.string()).optional(),
});

const landingTotals = z.strictObject({
  landings: count,
  messages: count,
  rows: count,
  duplicates: count,
  withdrawn: count,
  late: count,
  skippedOffsets: count,
  restarted: count.optional(),
  rejected: z.record(z.string(), count),
});

export const WORKFLOW_INPUTS = {
  ingest: z.strictObject({
    source,
    dataset: slug,
    format: z.enum(FORMAT_NAMES).default('recordings'),
  }),
  refreshTables: z.strictObject({
    dataset: slug,
    window: window.prefault({}),
    // Landed before the tables are built.
    source: source.optional(),
    format: z.enum(FORMAT_NAMES).optional(),
    options: stediOptions.optional(),
    labelling: labels.optional(),
    engine: z.enum(ENGINE_NAMES).optional(),
    // Quarantined lines go through the landing rules again before the tables are built.
    replayQuarantine: z.boolean().optional(),
  }),
  trainModel: z.strictObject({
    model,
    dataset: slug,
    subjects: subjectKeys.optional(),
    seed: seed.default(0),
    scheme: z.enum(TRAINING_SCHEMES).default('leave-one-subject-out'),
  }),
  predictStream: z.strictObject({
    model,
    dataset: slug,
    runMinutes: z
      .number()
      .positive()
      .max(24 * 60)
      .default(720),
    // Totals of the runs before this one, carried over by continue-as-new.
    carried: z
      .strictObject({ predicted: count, late: count, deadLettered: count })
      .default({ predicted: 0, late: 0, deadLettered: 0 }),
  }),
  simulateDevices: z.strictObject({
    name: slug,
    dataset: slug,
    subjects: subjectKeys.optional(),
    speed: z.number().min(0).max(100_000).default(1),
  }),
  annotationCampaign: z.strictObject({
    // Without one it is named after its run: those of a Schedule are told apart by their time.
    campaign: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/,
        'use 1–100 letters, digits, dots, colons, dashes or underscores',
      )
      .optional(),
    dataset: slug,
    model,
    subjects: subjectKeys.optional(),
    labels: z.int().min(1).max(100_000).default(300),
    auditShare: z.number().min(0).max(1).default(USUAL_AUDIT_SHARE),
    seed: seed.default(0),
    answeredBy: z.enum(['people', 'oracle']).default('people'),
    // With the oracle: how many tasks are left to a person.
    byHand: z.int().min(0).max(1000).default(0),
    remindMinutes: z
      .number()
      .positive()
      .max(60 * 24 * 30)
      .default(60 * 24),
    closeMinutes: z
      .number()
      .positive()
      .max(60 * 24 * 90)
      .default(60 * 24 * 7),
    lookMinutes: z
      .number()
      .positive()
      .max(60 * 24)
      .default(5),
    // Hundreds of answers, each with its Update, would outgrow a history: then a new run goes on.
    eventsPerRun: z.int().min(30).max(1_500).default(1_500),
    // How far the runs before this one came, carried over by continue-as-new.
    waiting: z.strictObject({ tasks: count, startedMs: z.int(), reminders: count }).optional(),
  }),
  retrain: z.strictObject({
    model,
    dataset: slug,
    seed: seed.default(0),
    gate: gate.prefault({}),
    minimumNewLabels: z.int().min(0).default(0),
    // Renewed while the run works, however long: one that was terminated gives way after it.
    leaseMinutes: z
      .int()
      .min(1)
      .max(60 * 24)
      .default(15),
    // How long another retrain of the model is waited for; without it this one is skipped.
    waitMinutes: z
      .number()
      .min(0)
      .max(60 * 24)
      .optional(),
    // Learns also from recordings of people who are in no part of the split, such as those of later archives.
    newPeople: z.boolean().default(false),
    // A negative control: the challenger learns shuffled labels and has to be rejected.
    shuffleLabels: z.boolean().default(false),
  }),
  activeLearningLoop: z.strictObject({
    // Its simulations are named after it, with a suffix.
    name: slug.max(56, 'use at most 56 characters'),
    // What has landed already without it.
    source: source.optional(),
    dataset: slug,
    format: z.enum(SAMPLES_FORMATS).default('recordings'),
    labelling: labels.optional(),
    model,
    seed: seed.default(0),
    window: window.prefault({}),
    engine: z.enum(ENGINE_NAMES).optional(),
    subjects: z
      .strictObject({
        bootstrap: z.int().min(1).default(1),
        stream: z.int().min(1).default(3),
        holdout: z.int().min(1).default(6),
      })
      .prefault({}),
    labels: z.int().min(1).max(100_000).default(300),
    auditShare: z.number().min(0).max(1).default(USUAL_AUDIT_SHARE),
    speed: z.number().min(0).max(100_000).default(0),
    answeredBy: z.enum(['people', 'oracle']).default('people'),
    byHand: z.int().min(0).max(1000).default(0),
    gate: gate.prefault({}),
    negativeControl: z.boolean().default(false),
  }),
  athenaQuery: z.strictObject({
    // The text itself may name people: it lies in the lake until the query has ended.
    sqlKey: z.string().regex(/^queries\/[0-9a-f]{16}\.sql$/, 'use queries/<hash>.sql'),
    database: glueName,
    workgroup: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'use the name of a workgroup'),
    // US dollars for each TB (2^40 bytes) that the query reads.
    pricePerTb: z.number().min(0).max(1_000).default(DEFAULT_PRICE_PER_TB),
  }),
  landDeviceEvents: z.strictObject({
    dataset: slug,
    // Of one landing: more than that become several snapshots.
    maximumEvents: z.int().min(1).max(10_000_000).default(1_000_000),
    // An event is late when its date lies more than so many days before the newest landed one.
    lateDays: z.int().min(0).max(3_650).default(1),
    // How long superseded snapshots stay for those who read them.
    keepHours: z
      .number()
      .min(1)
      .max(24 * 365)
      .default(6),
    landingsPerRun: z.int().min(1).max(200).default(100),
    // Totals of the runs before this one, carried over by continue-as-new.
    carried: landingTotals.optional(),
  }),
  aggregateDevices: z
    .strictObject({
      dataset: slug,
      grain: z.enum(GRAINS),
      // Every period that overlaps the range; without one, those whose events or people have changed.
      from: date.optional(),
      to: date.optional(),
      // Partitions are there for so many months from now on.
      aheadMonths: z.int().min(0).max(24).default(3),
      // Partitions that have ended longer ago are detached; without it none is.
      keepMonths: z.int().min(1).max(1_200).optional(),
      batchesPerRun: z.int().min(1).max(100).default(100),
      // Takes another lake than the aggregates were made from for their source.
      acceptLake: z.boolean().optional(),
      // How far the runs before this one came, carried over by continue-as-new.
      carried: aggregationTotals.optional(),
    })
    .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
      path: ['to'],
      error: 'must not lie before --from',
    }),
  eraseSubject: z.strictObject({
    dataset: slug,
    // What identifies the person lies sealed in PostgreSQL: no history ever holds it.
    subject: z.string().regex(/^[0-9a-f]{16}$/, 'use the keyed hash, never the identifier'),
  }),
  provision: z.strictObject({
    action: z.enum(['plan', 'apply', 'destroy']),
    environment: slug.max(32, 'use at most 32 characters: names of roles are made from it'),
    bucket: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
        'use 3–63 lower-case letters, digits and dashes; no dots, which break TLS',
      ),
    // Of the lake within the bucket.
    prefix: z
      .string()
      .regex(/^([A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*)?$/, 'use folders without slashes at the ends')
      .default(''),
    region: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'use a region such as eu-central-1')
      .optional(),
    vpc: z
      .string()
      .regex(/^vpc-[0-9a-f]+$/, 'use the id of a VPC, vpc-…')
      .optional(),
    databases: z.array(glueName).min(1).max(20).default(['stedi-human-balance-analytics']),
    // Each adds to the policies, which have a limit.
    datasets: z.array(slug).max(8).default([]),
    // Athena takes no limit below 10 MB.
    queryLimitGb: z.number().min(0.01).max(7_000_000).default(10),
    // With destroy: every version of every object, and the tables of the catalogue, go for good.
    deleteData: z.boolean().default(false),
  }),
} as const;

export type WorkflowName = keyof typeof WORKFLOW_INPUTS;
/** What a caller gives: fields with a default may be left out. */
export type WorkflowInput<N extends WorkflowName> = z.input<(typeof WORKFLOW_INPUTS)[N]>;
/** What the workflow works with: every default filled in. */
export type ValidInput<N extends WorkflowName> = z.output<(typeof WORKFLOW_INPUTS)[N]>;
