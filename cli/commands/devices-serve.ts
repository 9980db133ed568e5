/** `watchlake devices serve`: the ingest server, in the foreground until Ctrl-C. */
import type { Command } from 'commander';
import { recordedPorts } from '../../stack/stack';
import type { RunningIngest } from '../../workers/ingest';
import { declare, wholeNumber } from '../command';
import { showMove } from '../moved-port';
import { tellingOfWaits, untilInterrupted, type Actions } from '../shell';
import { showFacts, showHeading } from '../tables';
import type { Voice } from '../voice';

interface ServeFlags {
  host?: string;
  port?: number;
}

const who = ({ isOpen, deviceTokens }: RunningIngest): string => {
  if (isOpen) return 'everybody on this machine; a token that is shown has to be valid';
  return deviceTokens
    ? 'tokens of INGEST_TOKENS, and tokens of devices'
    : 'tokens of INGEST_TOKENS alone: without PostgreSQL there are none of devices';
};

function showIngest(voice: Voice, ingest: RunningIngest): void {
  showHeading(voice, 'The ingest server listens');
  showFacts(voice, {
    Events: `POST ${ingest.url}/stream`,
    Documentation: `${ingest.url}/docs/`,
    OpenAPI: `${ingest.url}/openapi.json`,
    Health: `${ingest.url}/healthz and /readyz`,
    Metrics: `${ingest.url}/metrics`,
    Topic: `${ingest.topic} at ${ingest.brokers.join(', ')}`,
    'May send': who(ingest),
  });
}

export function addDevicesServe(group: Command, act: Actions): void {
  declare(group, {
    usage: 'serve',
    about: 'Runs the ingest server: events of devices by HTTP into Kafka, until Ctrl-C.',
    examples: ['devices serve', 'devices serve --port 8081'],
    more: 'Needs Kafka (`watchlake up`, or KAFKA_BROKERS). Anywhere but on loopback every request needs a token: of INGEST_TOKENS, or of a device (`watchlake devices token issue`). It speaks plain HTTP: a proxy with TLS belongs before it (docs/security.md). docs/devices.md describes the API.',
  })
    .option('--host <address>', 'address to listen on, instead of INGEST_HOST')
    .option('--port <n>', 'port to listen on, instead of INGEST_PORT', wholeNumber(0, 65_535))
    .action(
      act(async (shell, { host, port }: ServeFlags) => {
        const onWait = tellingOfWaits(shell);
        const { INGEST_PORT, WATCHLAKE_HOME } = shell.config;
        const { ingest: formerPort } = await recordedPorts(WATCHLAKE_HOME);
        const ingest = await shell.services.startIngest(shell.config, { host, port }, onWait);
        showIngest(shell.notes, ingest);
        showMove(shell.notes, {
          ...{ what: 'The ingest server', url: ingest.url, formerPort },
          variable: { name: 'INGEST_PORT', given: port ?? INGEST_PORT },
        });
        shell.notes.line();
        shell.notes.line('  Ctrl-C stops it: what was taken is stored and answered first.');
        await untilInterrupted(shell);
        shell.notes.line('Stopping …');
        await ingest.close();
        return {
          result: { stopped: true, url: ingest.url },
          show: (voice) => voice.line('Stopped.'),
        };
      }),
    );
}
