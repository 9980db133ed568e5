/** How the tables of device telemetry are called. */

export const DEVICES_DATASET = 'devices';
export const EVENTS_TABLE = 'device_events';
