/** Whether the process of this container answers at WATCHLAKE_HEALTH_URL: the image has no other HTTP client. */
const url = process.env.WATCHLAKE_HEALTH_URL ?? 'http://127.0.0.1:9464/metrics';

try {
  const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(3_000) });
  if (!ok) throw new Error(`it answers ${status}`);
} catch (error) {
  console.error(`${url}: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
