/** Failures of TLS: the two sides do not trust each other, or one of them does not speak it. */

// Of Node.js and its OpenSSL: certificates that nobody known has signed, that are out of date, or of another host.
const CODE =
  /^(SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_(GET|VERIFY)_|CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO$)/;

export const isTlsCode = (code: unknown): boolean => typeof code === 'string' && CODE.test(code);

// As in `80CC…:error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate:../deps/…:1601:…`.
const OPENSSL = /(?:[0-9A-F]+:)?error:[0-9A-F]+:[^:]*:[^:]*:([^:\n]+)(?::.*)?/g;

/** What OpenSSL means, on one line, without its own places. */
export const withoutOpenSsl = (message: string): string =>
  message.replace(OPENSSL, '$1').replace(/\s+/g, ' ').trim();
