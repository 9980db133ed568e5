/** The letter that an unusable message becomes: as it came, with the reason, and never longer than a producer takes. */
import { TRUNCATED_HEADER } from './device-headers';
import type { OutgoingMessage, ReceivedMessage } from './ports';

// Together, with the headers that are added, below what a producer takes; the broker took what came with less room.
const VALUE_BYTES = 950_000;
const HEADERS_BYTES = 30_000;
const TEXT_BYTES = 4_000;
const HEADER_OVERHEAD = 16;
/** How many headers of the message were left out. */
const LEFT_OUT_HEADER = 'headers-left-out';

type Headers = Readonly<Record<string, string>>;

const firstBytes = (text: string, most: number): string =>
  Buffer.byteLength(text) <= most ? text : Buffer.from(text).subarray(0, most).toString();

function headersWithin(headers: Headers): Headers {
  const kept: Record<string, string> = {};
  let [bytes, leftOut] = [0, 0];
  for (const [name, value] of Object.entries(headers)) {
    const more = HEADER_OVERHEAD + Buffer.byteLength(name) + Buffer.byteLength(value);
    if (bytes + more > HEADERS_BYTES) {
      leftOut += 1;
      continue;
    }
    bytes += more;
    kept[name] = value;
  }
  return leftOut === 0 ? kept : { ...kept, [LEFT_OUT_HEADER]: String(leftOut) };
}

/** `added` are headers of ours; `original-bytes` says how long a value was that had to be cut. */
export function letterOf(
  { key, value, headers }: Pick<ReceivedMessage, 'key' | 'value' | 'headers'>,
  added: Headers,
): OutgoingMessage {
  const isTooLong = value !== null && value.length > VALUE_BYTES;
  const own = Object.entries(added).map(([name, text]) => [name, firstBytes(text, TEXT_BYTES)]);
  return {
    key: key === null ? null : firstBytes(key, TEXT_BYTES),
    value: isTooLong ? value.subarray(0, VALUE_BYTES) : value,
    headers: {
      ...headersWithin(headers),
      ...(Object.fromEntries(own) as Headers),
      ...(isTooLong ? { [TRUNCATED_HEADER]: String(value.length) } : {}),
    },
  };
}
