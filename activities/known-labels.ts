/** Which labels a training may use: what was known by then, less the audit labels that judge it. */
import type { AnnotationStore } from '../annotation/annotation';
import type { Label } from '../annotation/labels';
import { takenTimes } from '../models/taken-times';
import type { ModelVersion } from '../registry/versions';

export interface KnownLabels {
  /**
   * For training: answers to uncertain windows apart from fresh audits, and audit labels that have
   * served a gate before.
   */
  readonly training: Label[];
  /** For the gate: audit labels that came after the champion was trained. */
  readonly audit: Label[];
  /** Whether the window shares samples with one of those: whoever learned it has seen its judge. */
  readonly isAudited: (window: WindowPlace) => boolean;
}

export type WindowPlace = Pick<Label, 'device' | 'startMs' | 'endMs'>;

/** What the champion could know: nothing of labels when it was trained on recordings alone. */
const knownUntilOf = (champion: ModelVersion | null): string =>
  (champion?.card.data.knownUntil as string | undefined) ?? '';

export async function knownLabels(
  annotation: AnnotationStore,
  request: {
    dataset: string;
    champion: ModelVersion | null;
    knownUntil: string;
    isWithdrawn: (subjectKey: string) => boolean;
  },
): Promise<KnownLabels> {
  const { dataset, champion, knownUntil, isWithdrawn } = request;
  const served = knownUntilOf(champion);
  // A window that two campaigns asked for has the answer that was given last.
  const latest = new Map<string, Label>();
  for await (const label of annotation.labels({ dataset, knownUntil })) {
    if (isWithdrawn(label.subjectKey)) continue;
    const known = latest.get(label.windowId);
    if (known === undefined || known.knownAt <= label.knownAt) latest.set(label.windowId, label);
  }
  const all = [...latest.values()].sort((a, b) => (a.windowId < b.windowId ? -1 : 1));
  const isFresh = ({ kind, knownAt }: Label) => kind === 'audit' && knownAt > served;
  const audit = all.filter(isFresh);
  const { has: isAudited } = takenTimes(audit);
  const training = all.filter((each) => !isFresh(each) && !isAudited(each));
  return { training, audit, isAudited };
}
