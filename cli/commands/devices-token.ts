/** `watchlake devices token`: tokens that devices show to the ingest server. */
import type { Command } from 'commander';
import type { DeviceToken, DeviceTokens, IssuedToken } from '../../devices/tokens';
import { WatchlakeError } from '../../core/errors';
import { DEVICE_ID_FORM, isDeviceId } from '../../telemetry/fields';
import { declare, declareGroup, numberBetween } from '../command';
import { commandLine } from '../follow-run';
import { tellingOfWaits, type Actions, type Outcome, type Shell } from '../shell';
import { showFacts, showHeading, showTable } from '../tables';
import { counted, moment, type Voice } from '../voice';

const MOST_DAYS = 36_500;
const SECONDS_A_DAY = 86_400;
const days = numberBetween(0, MOST_DAYS);
// Of none a token would be of the past when it is issued.
const validDays = numberBetween(0.001, MOST_DAYS);

async function withTokens<T>(shell: Shell, work: (tokens: DeviceTokens) => Promise<T>): Promise<T> {
  const opened = await shell.services.openDeviceTokens(shell.config, tellingOfWaits(shell));
  try {
    return await work(opened.tokens);
  } finally {
    await opened.close();
  }
}

const inSeconds = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : value * SECONDS_A_DAY;

function showIssued(voice: Voice, issued: IssuedToken): void {
  showHeading(voice, `Token of ${issued.deviceId}`);
  showFacts(voice, {
    token: issued.token,
    id: issued.tokenId,
    'valid until': issued.expiresAt ? moment(issued.expiresAt) : 'it is rotated or revoked',
  });
  voice.line();
  voice.line(voice.colors.yellow('  It is shown this once: only its digest is kept.'));
}

const issuedOutcome = (issued: IssuedToken): Outcome => ({
  result: issued,
  show: (voice) => showIssued(voice, issued),
});

function stateOf({ revokedAt, expiresAt }: DeviceToken, nowMs = Date.now()): string {
  if (revokedAt !== null) return 'revoked';
  if (expiresAt === null) return 'valid';
  return Date.parse(expiresAt) > nowMs ? `until ${moment(expiresAt)}` : 'expired';
}

function showTokens(
  voice: Voice,
  shell: Shell,
  { tokens, device }: { tokens: readonly DeviceToken[]; device: string | undefined },
): void {
  if (tokens.length === 0) {
    const whose = device === undefined ? 'of devices' : `of the device ${device}`;
    const issuing = commandLine(shell, `devices token issue ${device ?? '<device>'}`);
    return voice.line(`There are no tokens ${whose}; \`${issuing}\` makes one.`);
  }
  showHeading(voice, 'Tokens of devices');
  const titles = ['device', 'id', 'issued', 'state', 'last used'];
  const rows = tokens.map((each) => [
    ...[each.deviceId, each.tokenId, moment(each.issuedAt), stateOf(each)],
    each.lastUsedAt ? moment(each.lastUsedAt) : 'never',
  ]);
  showTable(
    voice,
    titles.map((title) => ({ title })),
    rows,
  );
}

/** Of another name no event could ever come: the token would be good for nothing. */
function requireDeviceId(deviceId: string): void {
  if (isDeviceId(deviceId)) return;
  const detail = `The device has to be ${DEVICE_ID_FORM}, as in its events.`;
  throw new WatchlakeError('USAGE_INVALID', { detail });
}

function addIssue(group: Command, act: Actions): void {
  declare(group, {
    usage: 'issue <device>',
    about: 'Makes a token for a device and shows it, this once.',
    examples: ['devices token issue watch-0001', 'devices token issue watch-0001 --days 90 --json'],
  })
    .option(
      '--days <n>',
      'how long it is valid; until it is rotated or revoked when absent',
      validDays,
    )
    .action(
      act(async (shell, deviceId: string, flags: { days?: number }) => {
        requireDeviceId(deviceId);
        return withTokens(shell, async (tokens) =>
          issuedOutcome(await tokens.issue({ deviceId, validForSeconds: inSeconds(flags.days) })),
        );
      }),
    );
}

function addRotate(group: Command, act: Actions): void {
  declare(group, {
    usage: 'rotate <device>',
    about: 'Makes a new token for a device; the former ones end after a time of grace.',
    examples: ['devices token rotate watch-0001', 'devices token rotate watch-0001 --grace-days 0'],
  })
    .option('--grace-days <n>', 'how long the former ones go on', days, 7)
    .option(
      '--days <n>',
      'how long the new one is valid; until it is rotated or revoked when absent',
      validDays,
    )
    .action(
      act((shell, deviceId: string, flags: { graceDays: number; days?: number }) =>
        withTokens(shell, async (tokens) =>
          issuedOutcome(
            await tokens.rotate({
              deviceId,
              graceSeconds: flags.graceDays * SECONDS_A_DAY,
              validForSeconds: inSeconds(flags.days),
            }),
          ),
        ),
      ),
    );
}

function addRevoke(group: Command, act: Actions): void {
  declare(group, {
    usage: 'revoke [device]',
    about: 'Ends all tokens of a device, or one by its id; servers know it within 15 seconds.',
    examples: ['devices token revoke watch-0001', 'devices token revoke --token 3f2a90b1c4d5'],
  })
    .option('--token <id>', 'this one alone')
    .action(
      act((shell, deviceId: string | undefined, { token }: { token?: string }) => {
        if ((deviceId === undefined) === (token === undefined))
          throw new WatchlakeError('USAGE_INVALID', { detail: 'Give a device, or --token.' });
        const selection = token === undefined ? { deviceId: deviceId ?? '' } : { tokenId: token };
        return withTokens(shell, async (tokens) => {
          const revoked = await tokens.revoke(selection);
          return {
            result: { revoked },
            show: (voice) => voice.line(`Revoked ${counted(revoked, 'token')}.`),
          };
        });
      }),
    );
}

function addList(group: Command, act: Actions): void {
  declare(group, {
    usage: 'list',
    about: 'Lists tokens of devices, the newest first; not the tokens themselves.',
    examples: ['devices token list', 'devices token list --device watch-0001'],
  })
    .option('--device <id>', 'of this device alone')
    .action(
      act((shell, { device }: { device?: string }) =>
        withTokens(shell, async (store) => {
          const tokens = await store.list({ deviceId: device });
          return {
            result: { tokens },
            show: (voice) => showTokens(voice, shell, { tokens, device }),
          };
        }),
      ),
    );
}

export function addDevicesToken(devices: Command, act: Actions): void {
  const group = declareGroup(devices, {
    usage: 'token',
    about: 'Tokens that devices show to the ingest server, each good for one device.',
    examples: ['devices token list'],
  });
  for (const add of [addIssue, addRotate, addRevoke, addList]) add(group, act);
}
