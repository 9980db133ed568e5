/** Figures as people read them. */

/** Whole numbers with thousands: 244,102. */
export const count = (value: number): string => value.toLocaleString('en-US');
