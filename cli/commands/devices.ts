/** `watchlake devices`: events of devices, from the watch to the aggregates. */
import type { Command } from 'commander';
import { declareGroup } from '../command';
import type { Actions } from '../shell';
import { addDevicesAggregate } from './devices-aggregate';
import { addDevicesGenerate } from './devices-generate';
import { addDevicesLand } from './devices-land';
import { addDevicesProfiles } from './devices-profiles';
import { addDevicesSend } from './devices-send';
import { addDevicesServe } from './devices-serve';
import { addDevicesToken } from './devices-token';

export function addDevices(program: Command, act: Actions): void {
  const group = declareGroup(program, {
    usage: 'devices',
    about:
      'Events of devices: synthetic ones, the ingest server and its client, landing, aggregates.',
    examples: ['devices generate --out made --users 20 --days 30', 'devices serve', 'devices land'],
  });
  addDevicesGenerate(group, act);
  addDevicesServe(group, act);
  addDevicesSend(group, act);
  addDevicesToken(group, act);
  addDevicesLand(group, act);
  addDevicesProfiles(group, act);
  addDevicesAggregate(group, act);
}
