/** Addresses of sources: which are refused, such as those that hold a secret, and what messages show of the others. */
import { WatchlakeError } from '../../core/errors';

const AUTHORITY = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i;
const KNOWN = /^(https?|s3|glue)$/i;
// Of AWS, Google and Azure, and what others call a token.
const SECRET =
  /^(x-(amz|goog)-(signature|credential|security-token)|awsaccesskeyid|signature|sig|jwt|auth(orization)?|([a-z]+[_-]?)?(token|secret|password|passwd)|api[_-]?key)$/i;
const REMEDY =
  'and histories keep what a run is given: fetch the file yourself and give its path, or give an s3:// address, which is read with the credentials of the worker';

export const isHttpAddress = (source: string): boolean => /^https?:\/\//i.test(source);

/** Why it is not taken; null when it is. What is secret in it is not repeated. */
export function addressProblem(source: string): string | null {
  const [, scheme, authority] = AUTHORITY.exec(source) ?? [];
  if (scheme === undefined || authority === undefined) return null;
  if (authority.includes('@')) {
    return `the address holds the name of a user or a password, ${REMEDY}`;
  }
  if (!KNOWN.test(scheme)) {
    return `nothing is fetched from ${scheme}://: give a path, or an address of https://, s3:// or glue://`;
  }
  if (isHttpAddress(source) && !URL.canParse(source)) return 'it is no valid address';
  const [, query = ''] = /\?([^#]*)/.exec(source) ?? [];
  const secret = [...new URLSearchParams(query).keys()].find((name) => SECRET.test(name));
  return secret === undefined ? null : `the address holds a secret (${secret}), ${REMEDY}`;
}

/** INPUT_INVALID for an address with a secret, or of a kind that is not known. */
export function refuseSecrets(source: string): void {
  const detail = addressProblem(source);
  if (detail !== null) throw new WatchlakeError('INPUT_INVALID', { field: 'source', detail });
}

/** Without the query, which is for the server alone. */
export const shownAddress = (source: string): string =>
  isHttpAddress(source) ? source.replace(/[?#].*$/s, '') : source;
