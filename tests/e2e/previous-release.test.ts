/** A home that the previous release wrote is opened by this code, and its open workflows complete. */
import { describeUpgrade } from './describe-upgrade';

describeUpgrade('stopped by its own `down`', 'down');
