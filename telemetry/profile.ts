/** Who wears which device, and what the person's day is. */

/** How a device counts steps: from one reading to the next, or since its counter began. */
export const STEP_COUNTERS = ['interval', 'cumulative'] as const;
export type StepCounter = (typeof STEP_COUNTERS)[number];

/** A row of the profiles: a device belongs to one person, a person may have several devices. */
export interface UserProfile {
  readonly userId: string;
  readonly deviceId: string;
  readonly userEmail: string | null;
  readonly gender: string | null;
  /** Years. */
  readonly age: number | null;
  /** An IANA name; days, weeks and months are the person's. */
  readonly timeZone: string;
  readonly stepCounter: StepCounter;
}

/** As a file gives it: what it says nothing of has its usual value, unless more is known already. */
export interface GivenProfile extends UserProfile {
  readonly unsaid?: readonly Exclude<keyof UserProfile, 'userId' | 'deviceId'>[];
}
