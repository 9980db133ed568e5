/** What a caller may ask of a refresh. */
import type { WindowSpec } from '../models/signal';
import type { Labelling } from './casas/options';
import type { StediOptions } from './stedi/options';

export interface RefreshRequest {
  readonly dataset: string;
  readonly window?: WindowSpec;
  readonly options?: StediOptions;
  /** Of formats whose labels stand on single rows; what is not given stays as it was published. */
  readonly labelling?: Partial<Labelling>;
}
