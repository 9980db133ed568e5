/** Where the parts answer: external ones from the configuration, else those of the running stack. */
import { WatchlakeError } from '../core/errors';
import { COMPONENTS, type ExternalServices } from '../stack/components';
import { readStack, type StackAddresses } from '../stack/stack';
import type { ComponentName } from '../stack/stack-file';
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

/** As messages call them. */
export const PART_NAMES: Readonly<Record<ComponentName, string>> = {
  temporal: 'Temporal',
  kafka: 'Kafka',
  postgres: 'PostgreSQL',
};

const VARIABLES: Readonly<Record<ComponentName, keyof Config>> = {
  temporal: 'TEMPORAL_ADDRESS',
  kafka: 'KAFKA_BROKERS',
  postgres: 'DATABASE_URL',
};

/** Those that are configured or run now. */
export async function presentParts(config: Config): Promise<Partial<StackAddresses>> {
  const embedded = (await readStack(config.WATCHLAKE_HOME))?.addresses;
  return { ...embedded, ...externalServices(config) };
}

export const toAddresses = ({ temporal, kafka, postgres }: StackAddresses): Addresses => ({
  temporal: { address: temporal.address, uiUrl: temporal.uiUrl ?? '' },
  kafka: { brokers: kafka.brokers.split(',') },
  postgres,
});

/** Throws STACK_NOT_RUNNING for the first one that is neither configured nor running. */
export function requireParts<Needed extends ComponentName>(
  parts: Partial<StackAddresses>,
  needed: readonly Needed[],
  external: ExternalServices,
): Pick<StackAddresses, Needed> & Partial<StackAddresses> {
  const absent = needed.find((name) => !parts[name]);
  if (absent) {
    // Who has none of them elsewhere starts the stack.
    const isMixed = Object.keys(external).length > 0;
    const variable = isMixed ? VARIABLES[absent] : undefined;
    throw new WatchlakeError('STACK_NOT_RUNNING', { what: PART_NAMES[absent], variable });
  }
  return parts as Pick<StackAddresses, Needed> & Partial<StackAddresses>;
}

/** Throws STACK_NOT_RUNNING when a part is neither configured nor running. */
export const resolveAddresses = async (config: Config): Promise<Addresses> =>
  toAddresses(requireParts(await presentParts(config), COMPONENTS, externalServices(config)));
