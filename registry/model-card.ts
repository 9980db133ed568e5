/** The model card: what a version was made from and how well it does, for people and for the gate. */
import { z } from 'zod';

const share = z.number().min(0).max(1);

const subjectScore = z.object({
  subject: z.string(),
  windows: z.number().int().min(0),
  accuracy: share,
  macroF1: share,
});

/** Sections may hold more than is named here; what is named here has to be right. */
export const modelCardSchema = z.looseObject({
  formatVersion: z.literal(1),
  codeVersion: z.string().min(1),
  seed: z.number().int(),
  classes: z.array(z.string().min(1)).min(2),
  featureSchema: z.string().min(1),
  data: z.looseObject({
    dataset: z.string().min(1),
    /** Snapshots of the lake's tables that were read, by table; vacuum keeps them. */
    snapshots: z.record(z.string(), z.string()),
    windows: z.number().int().min(1),
    /** Keys of the subjects, never their names. */
    subjects: z.array(z.string().min(1)).min(1),
  }),
  /** Null when the version was judged elsewhere, such as by a gate on a holdout. */
  evaluation: z
    .looseObject({
      scheme: z.string().min(1),
      accuracy: share,
      macroF1: share,
      bySubject: z.array(subjectScore).optional(),
    })
    .nullable(),
  calibration: z.looseObject({ temperature: z.number().positive() }),
});

export type ModelCard = z.infer<typeof modelCardSchema>;
