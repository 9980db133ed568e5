/** Errors of: models, streams and people’s work on them. */
import { catalogue, countOf, entry } from './entry';

export const MODELS_ERRORS = catalogue({
  // Models
  LABELS_UNKNOWN: entry(
    (c) =>
      `The data have the label ${c.label}, which the model ${c.model} does not know (known: ${c.known}).`,
    'Train a new model with all labels, or correct the label.',
  ),
  TRAINING_DATA_INSUFFICIENT: entry(
    (c) => `There is not enough to train on: ${c.detail}`,
    'Ingest more labelled recordings and refresh the dataset. With few people, `watchlake loop` can set fewer aside: `--bootstrap`, `--stream`, `--holdout`.',
  ),
  LEAKAGE_FOUND: entry(
    (c) =>
      `The split leaks: the nearest neighbour on the timestamp alone scores ${c.score} (limit ${c.limit}).`,
    'Leave out `--shipped-split`: then the split is by person. Where that one leaks, recordings of one person are there under several names, or people did the same things soon after one another: then `--no-evaluation` trains without these scores, and `watchlake loop` compares versions on people that it sets aside.',
  ),
  FEATURE_SCHEMA_DIFFERS: entry(
    (c) => `The model was trained on the feature schema ${c.expected}, the data have ${c.found}.`,
    'Train a new version on the present features, and make it champion: `watchlake models promote <model> <version>`.',
  ),
  FEATURES_INVALID: entry(
    (c) => `The features of a window cannot be used: ${c.detail}.`,
    'Every sample needs a value of every channel that the model knows: correct what sends them; of recordings, a refresh quarantines those that lack one.',
  ),
  ARTEFACT_INVALID: entry(
    (c) => `The stored classifier cannot be used: ${c.detail}.`,
    'Train a new version, or restore the lake from a backup.',
  ),
  MODEL_NOT_FOUND: entry(
    (c) =>
      `There is no model ${c.model}${c.version ? ` version ${c.version}` : ''}${c.known ? `; there are: ${c.known}` : ''}.`,
    'Name one that there is: `watchlake models list` lists the models, `watchlake models show <model>` their versions; `watchlake train --dataset <name>` makes one.',
  ),
  MODEL_IN_USE: entry(
    (c) =>
      `The model ${c.model}${c.version ? ` version ${c.version}` : ''} cannot be removed now: ${c.what}.`,
    'Clear it out of the way, or wait until it has ended; then run the command again. Without --yes it shows all that is in the way.',
  ),
  VERSION_REMOVED: entry(
    (c) => `Version ${c.version} of the model ${c.model} was removed on ${c.day}.`,
    'Take another one: `watchlake models show <model>` lists them; a training on the same data makes it again, under a new number.',
  ),
  NO_CHAMPION: entry(
    (c) => `The model ${c.model} has no champion${c.known ? `; these have one: ${c.known}` : ''}.`,
    'Name a model that has one with `--model <name>`, or promote a version: `watchlake models promote <model> <version>`; without one, train the first: `watchlake loop` or `watchlake train`.',
  ),
  MODEL_OF_OTHER_DATASET: entry(
    (c) =>
      `The champion of the model ${c.model} learned from the dataset ${c.learned}, not from ${c.dataset}.`,
    'A model has one dataset: name another one with `--model <name>`, here and for this dataset ever after.',
  ),
  NOTHING_PREDICTED: entry(
    (c) => `The model ${c.model} has not predicted anything of the dataset ${c.dataset} yet.`,
    'Start `watchlake predict --dataset <name>`, and let devices send, or replay recordings: `watchlake simulate <dataset>`.',
  ),
  ALIAS_MOVED: entry(
    (c) => `The alias ${c.alias} of ${c.model} points at ${c.actual}, not at ${c.expected}.`,
    'Somebody else moved it; look at `watchlake models show <model>` and decide again.',
  ),
  LEASE_LOST: entry(
    (c) => `The lease ${c.name} was lost${c.holder ? `: ${c.holder} has it now` : ''}.`,
    'Nothing has to be done when another run has taken over; else start the run again.',
  ),
  NO_PREVIOUS_CHAMPION: entry(
    (c) => `The alias ${c.alias} of ${c.model} has no earlier version to go back to.`,
    'Look at `watchlake models show <model>`; promote a version by its number instead.',
  ),
  SPLIT_FROZEN: entry(
    (c) => `The split of ${c.dataset} with seed ${c.seed} is frozen and has other subjects.`,
    'Use another seed for a new split; scores of the two do not compare.',
  ),
  SPLIT_EMPTIED: entry(
    (c) =>
      `All subjects in the part ${c.part} of the split of ${c.dataset} with seed ${c.seed} were erased.`,
    'Use another seed for a new split, and smaller parts when too few subjects are left.',
  ),
  // Streams
  BROKER_UNAVAILABLE: entry(
    (c) => `Kafka does not answer at ${c.brokers}: ${c.detail}`,
    'Start it, or correct KAFKA_BROKERS; one that closes the connection may ask for TLS or a user, or speak no TLS (KAFKA_TLS, KAFKA_SASL_MECHANISM). Without KAFKA_BROKERS `watchlake up` starts one of its own.',
    { retryable: true },
  ),
  BROKER_REFUSED: entry(
    (c) => `Kafka at ${c.brokers} refuses: ${c.detail}`,
    'Correct KAFKA_TLS and its files, or KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD, or give that user the right; docs/security.md lists the rights.',
    { retryable: true },
  ),
  TOPICS_REFUSED: entry(
    (c) => `Kafka at ${c.brokers} makes no such topics: ${c.detail}`,
    'Set KAFKA_REPLICATION to no more than there are brokers, and KAFKA_PARTITIONS to what the cluster allows.',
    { retryable: true },
  ),
  TOPIC_MISMATCH: entry(
    (c) => `The topic ${c.topic} has ${countOf(c.actual, 'partition')}, expected ${c.expected}.`,
    'Set KAFKA_PARTITIONS to the number that the topic was made with.',
  ),
  TOPIC_MADE_ANEW: entry(
    (c) => `The topic ${c.topic} was deleted and made anew while it was in use.`,
    'Nothing has to be done where a run or the ingest server uses it: they begin again with the present one. Else give the command again.',
    { retryable: true },
  ),
  PRODUCER_FENCED: entry(
    (c) => `Another process has taken over${c.owner ? ` ${c.owner}` : ''}.`,
    'Nothing has to be done: the newer process carries on where this one stopped.',
    { retryable: true },
  ),
  PREDICTOR_STOPPED: entry(
    (c) => `The predictor of ${c.model} was stopped while it was needed.`,
    'Start the loop again; it goes on where it was.',
  ),
  SAMPLES_DELETED: entry(
    (c) =>
      `The topic ${c.topic} no longer holds the samples that were to be predicted (partition ${c.partitions}): they were deleted before the predictor read them.`,
    'Set a longer retention.ms of the topic, keep the predictor running (`watchlake predict --dataset <name>`), and send again under another name: `watchlake simulate <dataset> --name <name>`, or `watchlake loop --name <name>`.',
  ),
  BATCH_UNREADABLE: entry(
    (c) => `A batch of samples cannot be read: ${c.detail}`,
    'It went to the dead-letter topic; correct the producer.',
  ),
});
