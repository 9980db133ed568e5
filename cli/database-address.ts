/** PostgreSQL's address as it may be shown: its client takes more than URLs, and more than one place for a password. */

// Without a host, which a parameter names or which is this machine, it is no URL.
const NO_HOST = 'no-host.invalid';
const SECRET_PARAMETERS = ['password', 'sslpassword'] as const;
const HIDDEN = '***';

const parsed = (url: string): URL => new URL(url.replace('@/', `@${NO_HOST}/`));

/** For the eyes of whoever runs a command, and the logs of scripts. */
export function withoutPassword(url: string): string {
  const address = parsed(url);
  if (address.password) address.password = HIDDEN;
  for (const name of SECRET_PARAMETERS)
    if (address.searchParams.has(name)) address.searchParams.set(name, HIDDEN);
  return address.toString().replace(`@${NO_HOST}`, '@');
}

/** `host:port`, or the folder of its socket. */
export function databaseHost(url: string): string {
  const { host, searchParams } = parsed(url);
  return (host === NO_HOST ? '' : host) || (searchParams.get('host') ?? 'localhost');
}
