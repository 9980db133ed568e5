/** Where the parts answer: external ones from the configuration, else those of the running stack. */
import { WatchlakeError } from '../core/errors';
import type { ExternalServices } from '../stack/components';
import { readStack } from '../stack/stack';
import type { Config } from './config';

export interface Addresses {
  temporal: { address: string; uiUrl: string };
  kafka: { brokers: string[] };
  postgres: { url: string };
}

/** The parts that run elsewhere, in the form that the stack knows: it leaves those alone. */
export const externalServices = (config: Config): ExternalServices => ({
  ...(config.TEMPORAL_ADDRESS && {
    temporal: {
      address: config.TEMPORAL_ADDRESS,
      namespace: config.TEMPORAL_NAMESPACE,
      uiUrl: config.TEMPORAL_UI_URL,
    },
  }),
  ...(config.KAFKA_BROKERS && { kafka: { brokers: config.KAFKA_BROKERS.join(',') } }),
  ...(config.DATABASE_URL && { postgres: { url: config.DATABASE_URL } }),
});

/** Throws STACK_NOT_RUNNING when a part is neither configured nor running. */
export async function resolveAddresses(config: Config): Promise<Addresses> {
  const embedded = (await readStack(config.WATCHLAKE_HOME))?.addresses;
  const { temporal, kafka, postgres } = { ...embedded, ...externalServices(config) };
  if (!temporal) throw new WatchlakeError('STACK_NOT_RUNNING', { what: 'Temporal' });
  if (!kafka) throw new WatchlakeError('STACK_NOT_RUNNING', { what: 'Kafka' });
  if (!postgres) throw new WatchlakeError('STACK_NOT_RUNNING', { what: 'PostgreSQL' });
  return {
    temporal: { address: temporal.address, uiUrl: temporal.uiUrl ?? '' },
    kafka: { brokers: kafka.brokers.split(',') },
    postgres,
  };
}
