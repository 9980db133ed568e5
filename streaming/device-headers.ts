/** What the messages of devices carry besides key and value, for those who write and those who read them. */

/** Of every event. */
export const EVENT_ID_HEADER = 'event-id';
/** ISO, of every event and dead letter. */
export const RECEIVED_AT_HEADER = 'received-at';
/** Of a dead letter: the code of its rejection. */
export const REASON_HEADER = 'reason';
/** Of a dead letter: the field that is wrong, where one is, as the sender spelled it. */
export const FIELD_HEADER = 'field';
/** Of a dead letter: its request and place in it, the same when a request is sent again under its key. */
export const RECORD_HEADER = 'record';
/** Of a dead letter whose body is longer than what is kept: how many bytes it had. */
export const TRUNCATED_HEADER = 'original-bytes';
