/** Names that tests and the processes they start share. */
export const BUCKET = 'watchlake-tests';
