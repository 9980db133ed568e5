/** What a restart must still read of devices that were forgotten although they went on sending late samples. */

/**
 * A restart that began behind the sample that made others late would take those for new ones. It must therefore begin
 * at `from`, until the device's time is so far beyond `aboveMs`, the newest late one, that no open window holds any.
 */
export interface Doubt {
  readonly from: number;
  readonly aboveMs: number;
}

interface Forgotten extends Doubt {
  readonly forgottenAt: number;
}

/** A device that is silent for the limit after it was forgotten leaves no doubt. */
export class ForgottenDevices {
  private readonly limit: number;
  /** In the order in which they were forgotten; what they need to be read from grows with it, mostly. */
  private readonly devices = new Map<string, Forgotten>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get neededFrom(): number {
    let needed = Infinity;
    for (const { from } of this.devices.values()) needed = Math.min(needed, from);
    return needed;
  }

  add(device: string, doubt: Doubt, offset: number): void {
    this.devices.delete(device);
    this.devices.set(device, { ...doubt, forgottenAt: offset });
  }

  /** The doubt passes to the device that is known anew. */
  take(device: string): Doubt | null {
    const doubt = this.devices.get(device) ?? null;
    this.devices.delete(device);
    return doubt;
  }

  pass(offset: number): void {
    for (const [device, { forgottenAt }] of this.devices) {
      if (forgottenAt >= offset - this.limit) break;
      this.devices.delete(device);
    }
  }
}
