/** Failures of TLS: the two sides do not trust each other, or one of them does not speak it. */

// Of Node.js and its OpenSSL: certificates that nobody known has signed, that are out of date, or of another host.
const CODE =
  /^(SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_(GET|VERIFY)_|CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO$)/;

export const isTlsCode = (code: unknown): boolean => typeof code === 'string' && CODE.test(code);
