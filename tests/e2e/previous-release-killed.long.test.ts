/** The same when the previous release was killed with all its parts instead of being stopped. */
import { describeUpgrade } from './describe-upgrade';

describeUpgrade('killed with its Temporal, Kafka and PostgreSQL', 'kill');
