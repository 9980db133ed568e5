/** The options of commands that decide how samples get their labels. */
import { Option, type Command } from 'commander';
import type { Labelling } from '../lakehouse/casas/options';
import { ACTIVITIES, DEFAULT_LABELLING } from '../lakehouse/casas/options';
import { numberBetween } from './command';

export interface LabellingFlags {
  labelSpan?: number;
  activities?: Labelling['activities'];
}

const MINUTE_MS = 60_000;
const USUAL_MINUTES = DEFAULT_LABELLING.spanMs / MINUTE_MS;

export const withLabelling = (command: Command): Command =>
  command
    .option(
      '--label-span <minutes>',
      `casas: an answer speaks for this long before it; ${USUAL_MINUTES}, or as published`,
      numberBetween(0, 1440),
    )
    .addOption(
      new Option(
        '--activities <how>',
        `casas, arwise: labels as people gave them, or summed up in CASAS's dozen`,
      ).choices(ACTIVITIES),
    );

/** The field of a workflow's input; nothing when nothing was chosen. */
export function labellingOf({ labelSpan, activities }: LabellingFlags): {
  labelling?: Partial<Labelling>;
} {
  if (labelSpan === undefined && activities === undefined) return {};
  return {
    labelling: {
      ...(labelSpan === undefined ? {} : { spanMs: Math.round(labelSpan * MINUTE_MS) }),
      ...(activities === undefined ? {} : { activities }),
    },
  };
}
