/** The address at which people answer. */
import type { Shell } from './shell';

/** Of one campaign or of all; null when this home runs no page and none is configured. */
export async function labelPage(
  { config, services }: Shell,
  campaign?: string,
): Promise<string | null> {
  const { WATCHLAKE_APP_URL: configured, WATCHLAKE_HOME: home } = config;
  const url = configured ?? (await services.readState(home))?.app.url;
  if (url === undefined) return null;
  const query = campaign === undefined ? '' : `?campaign=${encodeURIComponent(campaign)}`;
  return `${url.replace(/\/+$/, '')}/label${query}`;
}
