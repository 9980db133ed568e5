/** The inputs of every workflow: fields, limits and defaults. */
import { z } from 'zod';

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
  .array(z.string().regex(/^[0-9a-f]{16}$/, 'use the subject key, not the name'))
  .max(10_000);

const window = z.object({
  lengthMs: z.int().min(100).max(600_000).default(4000),
  stepMs: z.int().min(50).max(600_000).default(2000),
});

const share = z.number().min(0).max(1);

/** Only what departs from the defaults of models/promotion.ts. */
const gate = z.strictObject({
  alpha: share.optional(),
  margin: share.optional(),
  minimumSubjects: z.int().min(1).optional(),
  recallLossLimit: share.optional(),
  minimumSupport: z.int().min(1).optional(),
  calibrationMargin: share.optional(),
  auditLossLimit: share.optional(),
  minimumAuditLabels: z.int().min(0).optional(),
  holdoutUseLimit: z.int().min(1).optional(),
});

const model = slug.default('activity');

export const WORKFLOW_INPUTS = {
  ingest: z.strictObject({
    source: z.string().min(1),
    dataset: slug,
    format: z.enum(['recordings']).default('recordings'),
  }),
  refreshTables: z.strictObject({ dataset: slug, window: window.prefault({}) }),
  trainModel: z.strictObject({
    model,
    dataset: slug,
    subjects: subjectKeys.optional(),
    seed: seed.default(0),
    scheme: z.enum(['leave-one-subject-out', 'none']).default('leave-one-subject-out'),
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
      .object({ predicted: z.int(), late: z.int(), deadLettered: z.int() })
      .default({ predicted: 0, late: 0, deadLettered: 0 }),
  }),
  simulateDevices: z.strictObject({
    name: slug,
    dataset: slug,
    subjects: subjectKeys.optional(),
    speed: z.number().min(0).max(100_000).default(1),
  }),
  annotationCampaign: z.strictObject({
    campaign: slug,
    dataset: slug,
    model,
    subjects: subjectKeys.optional(),
    labels: z.int().min(1).max(100_000).default(300),
    auditShare: z.number().min(0).max(1).default(0.15),
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
    waiting: z.object({ tasks: z.int(), startedMs: z.int(), reminders: z.int() }).optional(),
  }),
  retrain: z.strictObject({
    model,
    dataset: slug,
    seed: seed.default(0),
    gate: gate.prefault({}),
    minimumNewLabels: z.int().min(0).default(0),
    // Longer than any training should take: a run that was terminated gives way after it.
    leaseMinutes: z
      .int()
      .min(1)
      .max(60 * 24)
      .default(60 * 6),
    // A negative control: the challenger learns shuffled labels and has to be rejected.
    shuffleLabels: z.boolean().default(false),
  }),
  activeLearningLoop: z.strictObject({
    name: slug,
    source: z.string().min(1),
    dataset: slug,
    format: z.enum(['recordings']).default('recordings'),
    model,
    seed: seed.default(0),
    window: window.prefault({}),
    subjects: z
      .object({
        bootstrap: z.int().min(1).default(1),
        stream: z.int().min(1).default(3),
        holdout: z.int().min(1).default(6),
      })
      .prefault({}),
    labels: z.int().min(1).max(100_000).default(300),
    auditShare: z.number().min(0).max(1).default(0.15),
    speed: z.number().min(0).max(100_000).default(0),
    answeredBy: z.enum(['people', 'oracle']).default('people'),
    byHand: z.int().min(0).max(1000).default(0),
    gate: gate.prefault({}),
    negativeControl: z.boolean().default(false),
  }),
} as const;

export type WorkflowName = keyof typeof WORKFLOW_INPUTS;
/** What a caller gives: fields with a default may be left out. */
export type WorkflowInput<N extends WorkflowName> = z.input<(typeof WORKFLOW_INPUTS)[N]>;
/** What the workflow works with: every default filled in. */
export type ValidInput<N extends WorkflowName> = z.output<(typeof WORKFLOW_INPUTS)[N]>;
