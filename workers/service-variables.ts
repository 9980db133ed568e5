/** The variables of Temporal, Kafka and PostgreSQL that run elsewhere; config.ts reads them with the others. */
import { z } from 'zod';
import { flag, list } from './variable-forms';

// As pg reads it: without a host, that of a parameter or of this machine.
const isUrl = (text: string): boolean => URL.canParse(text.replace('@/', '@localhost/'));

const isHostAndPort = (text: string): boolean => /^[^\s/@]+:\d{1,5}$/.test(text);

export const SERVICE_VARIABLES = {
  TEMPORAL_ADDRESS: z
    .string()
    .optional()
    .describe('Temporal server to use instead of the embedded one, `host:port`.'),
  TEMPORAL_NAMESPACE: z.string().default('default').describe('Temporal namespace.'),
  TEMPORAL_UI_URL: z
    .url()
    .optional()
    .describe('Address of the Temporal web UI, for links. Needed only with TEMPORAL_ADDRESS.'),
  TEMPORAL_TLS: flag.default(false).describe('Whether to speak TLS to Temporal.'),
  TEMPORAL_TLS_CA_FILE: z
    .string()
    .optional()
    .describe(
      "PEM file of the authority that signed the server's certificate. Default: those that the system knows.",
    ),
  TEMPORAL_TLS_CERT_FILE: z
    .string()
    .optional()
    .describe("PEM file of the client's certificate (mTLS)."),
  TEMPORAL_TLS_KEY_FILE: z.string().optional().describe("PEM file of the client's key (mTLS)."),
  TEMPORAL_TLS_SERVER_NAME: z
    .string()
    .optional()
    .describe("Name expected in the server's certificate."),
  TEMPORAL_API_KEY: z.string().optional().describe('API key of Temporal Cloud.'),

  KAFKA_BROKERS: list
    .refine((brokers) => brokers.every(isHostAndPort), 'expected host:port, comma-separated')
    .optional()
    .describe('Kafka brokers to use instead of the embedded one, comma-separated `host:port`.'),
  KAFKA_TLS: flag
    .default(false)
    .describe('Whether to speak TLS to Kafka; its files, where they are given, say so as well.'),
  KAFKA_TLS_CA_FILE: z
    .string()
    .optional()
    .describe(
      "PEM file of the authority that signed the brokers' certificates. Default: those that Node.js knows.",
    ),
  KAFKA_TLS_CERT_FILE: z
    .string()
    .optional()
    .describe("PEM file of the client's certificate (mTLS)."),
  KAFKA_TLS_KEY_FILE: z.string().optional().describe("PEM file of the client's key (mTLS)."),
  KAFKA_SASL_MECHANISM: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('SASL mechanism.'),
  KAFKA_SASL_USERNAME: z.string().optional().describe('SASL user.'),
  KAFKA_SASL_PASSWORD: z.string().optional().describe('SASL password.'),
  KAFKA_PARTITIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(4)
    .describe('Partitions of the topics that Watchlake makes.'),
  KAFKA_REPLICATION: z.coerce
    .number()
    .int()
    .min(1)
    .max(10)
    .default(1)
    .describe('Replicas of the topics that Watchlake makes; 3 on a real cluster.'),

  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//i, 'expected postgres://user:password@host:port/database')
    .refine(isUrl, {
      abort: true,
      error:
        'is no address; in a user or a password write % as %25, and # / ? @ as %23 %2F %3F %40',
    })
    .optional()
    .describe(
      'PostgreSQL to use instead of the embedded one, `postgres://user:password@host:port/database`; with TLS `?sslmode=verify-full&sslrootcert=<file>` at its end.',
    ),
} as const;

type Variables = Readonly<Record<string, unknown>>;

/** Given together or not at all: one alone would be left out in silence. */
const TOGETHER = [
  ['TEMPORAL_TLS_CERT_FILE', 'TEMPORAL_TLS_KEY_FILE'],
  ['KAFKA_TLS_CERT_FILE', 'KAFKA_TLS_KEY_FILE'],
  ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
] as const;

// The embedded ones speak no TLS and know no users: a worker would wait for an answer for ever.
const FOR_ANOTHER = [
  ['TEMPORAL_ADDRESS', 'TEMPORAL_TLS', 'TEMPORAL_TLS_CA_FILE', 'TEMPORAL_TLS_CERT_FILE'],
  ['TEMPORAL_ADDRESS', 'TEMPORAL_API_KEY'],
  ['KAFKA_BROKERS', 'KAFKA_TLS', 'KAFKA_TLS_CA_FILE', 'KAFKA_TLS_CERT_FILE'],
  ['KAFKA_BROKERS', 'KAFKA_SASL_MECHANISM'],
] as const;

export const withCredentials = <Schema extends z.ZodType<Variables>>(schema: Schema): Schema =>
  schema.superRefine((given, context) => {
    for (const names of TOGETHER) {
      const missing = names.filter((name) => given[name] === undefined);
      const present = names.filter((name) => given[name] !== undefined);
      if (present.length === 0) continue;
      for (const name of missing) {
        const message = `is needed with ${present.join(' and ')}`;
        context.addIssue({ code: 'custom', path: [name], message });
      }
    }
    for (const [address, ...names] of FOR_ANOTHER) {
      const present = names.filter((name) => given[name]);
      if (given[address] !== undefined || present.length === 0) continue;
      const message = `is needed with ${present.join(' and ')}: the embedded one needs none`;
      context.addIssue({ code: 'custom', path: [address], message });
    }
  });
