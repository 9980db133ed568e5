/** Histories of label campaigns: people, the oracle, nobody, a campaign of its own, and what ends one. */
import { campaignState } from './fakes';
import { cancelAfter, casesOf, failing, type Stage } from './history-case';

const campaign = { dataset: 'watch', model: 'activity', campaign: 'demo', labels: 20 };

/** People who answer ten tasks a batch, each with its Update. */
function peopleAnswering() {
  let answered = 0;
  const state = () => campaignState({ labelled: answered, answered });
  return {
    activities: () => {
      answered = 0;
      return {
        campaignProgress: async () => state(),
        closeCampaign: async () => ({ ...state(), status: 'closed' as const }),
      };
    },
    drive: async ({ handle, called }: Stage) => {
      for (const batch of [1, 2]) {
        await called('campaignProgress', batch);
        answered += 10;
        await handle.executeUpdate('labelBatch', { args: [{ batchId: `batch-${batch}` }] });
      }
    },
  };
}

const standing = (figures: Parameters<typeof campaignState>[0]) => () => ({
  campaignProgress: async () => campaignState(figures),
  closeCampaign: async () => campaignState({ ...figures, status: 'closed' }),
});
const nobodyAnswers = standing({ labelled: 0, answered: 0 });

// In minutes; people are given days.
const HASTE = { lookMinutes: 0.002, remindMinutes: 0.01, closeMinutes: 0.04 };

export const CAMPAIGN = casesOf('annotationCampaign', [
  { name: 'oracle', input: { ...campaign, answeredBy: 'oracle', byHand: 2 }, ends: 'COMPLETED' },
  { name: 'people', input: campaign, ...peopleAnswering(), ends: 'COMPLETED' },
  {
    name: 'nobody',
    input: { ...campaign, ...HASTE, lookMinutes: 1 },
    activities: nobodyAnswers,
    ends: 'COMPLETED',
  },
  {
    name: 'continued',
    input: { ...campaign, ...HASTE, eventsPerRun: 30 },
    activities: nobodyAnswers,
    ends: 'CONTINUED_AS_NEW',
  },
  {
    name: 'closed-after-continuing',
    input: { ...campaign, ...HASTE, eventsPerRun: 30 },
    activities: nobodyAnswers,
    ends: 'CONTINUED_AS_NEW',
    last: true,
  },
  {
    name: 'tasks-erased',
    input: campaign,
    activities: standing({ tasks: 18, labelled: 18, answered: 18 }),
    ends: 'COMPLETED',
  },
  {
    name: 'cancelled',
    input: campaign,
    activities: nobodyAnswers,
    drive: cancelAfter('campaignProgress'),
    ends: 'CANCELLED',
  },
  { name: 'landed-first', input: campaign, ...peopleAnswering(), ends: 'COMPLETED' },
  // With the mark that is asked before the input is checked.
  { name: 'landed-first-by-mark', input: campaign, ...peopleAnswering(), ends: 'COMPLETED' },
  {
    name: 'nothing-predicted',
    input: campaign,
    activities: () => ({ landPredictions: failing('NOTHING_PREDICTED') }),
    ends: 'FAILED',
  },
  {
    name: 'nothing-to-ask',
    input: campaign,
    activities: () => ({
      ...standing({ tasks: 0, labelled: 0, answered: 0 })(),
      openCampaign: async () => ({ tasks: 0, uncertain: 0, audit: 0 }),
    }),
    ends: 'COMPLETED',
  },
]);
