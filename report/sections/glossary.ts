/** Says in plain words how to read the figures. */
import { html } from '../html';
import type { Section } from '../parts';

const TERMS: readonly (readonly [string, string])[] = [
  ['Window', 'A few seconds of one device’s samples; the unit that is classified.'],
  [
    'Holdout',
    'People kept apart from the start: no campaign asks about them and no version learns from them. As the gate decides by them which version becomes champion, the score of a promoted one is a little flattered; and few people say little about others.',
  ],
  [
    'Before, after',
    'The champion with which the run began, and the one with which it ended, on the same holdout.',
  ],
  ['Champion, challenger', 'The version that predicts now, and a newer one that would replace it.'],
  [
    'Macro-F1',
    'The mean over the classes of F1, which balances precision (how many alarms are right) and recall (how many cases are found). Rare classes count as much as common ones. A version’s score takes the windows of all people together; the gate takes the mean over people of each one’s difference.',
  ],
  [
    'Accuracy, confidence',
    'The share of windows that were classified right, and the probability that a version gives to its own answer.',
  ],
  [
    'Sign-flip test',
    'Asks how often chance alone would make the challenger look this much better, with people, not windows, as the units. With six people the smallest possible p-value is 1/64 ≈ 0.016.',
  ],
  [
    'Calibration error',
    'How far, on average over ten bins of confidence weighted by their windows, the stated confidence lies from the share of right answers. Zero is perfect.',
  ],
  [
    'Labels to learn from, and audit labels',
    'Most tasks are to be learned from: windows that the champion was least sure of and, where it was sure of nearly all, random ones. A random audit share, whatever the confidence, keeps the picture honest. A challenger learns from no audit label that is to judge it, nor from windows beside it: it has learned from fewer labels than were given.',
  ],
  [
    'Negative control',
    'A challenger trained on deliberately shuffled labels: a gate that works rejects it.',
  ],
  [
    'Set aside (quarantine)',
    'Rows that broke a rule. They are kept with the reason, so that they can be looked at and corrected.',
  ],
  [
    'Left out',
    'Rows that are right but of no use, such as samples beside a gap, which lie in no complete window.',
  ],
  [
    'Person keys',
    'People are named by keyed hashes. Only the holder of the secret key can link them to names.',
  ],
];

export const glossarySection = (): Section => ({
  id: 'glossary',
  title: 'How to read it',
  content: html`<dl class="glossary">
    ${TERMS.map(
      ([term, meaning]) =>
        html`<div>
          <dt>${term}</dt>
          <dd>${meaning}</dd>
        </div> `,
    )}
  </dl>`,
});
