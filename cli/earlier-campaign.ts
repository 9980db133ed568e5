/** What a campaign of this name has asked before. */
import type { CampaignProgress } from '../annotation/campaigns';
import { isWatchlakeError } from '../core/errors';
import type { CommandContext } from '../workers/connect';

/** Null when none of this name was opened. */
export async function earlierCampaign(
  { annotation }: CommandContext,
  campaign: string,
): Promise<CampaignProgress | null> {
  try {
    return await annotation.progress({ campaign });
  } catch (error) {
    if (isWatchlakeError(error) && error.code === 'CAMPAIGN_NOT_FOUND') return null;
    throw error;
  }
}
