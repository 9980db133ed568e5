/** Who runs a command, for audit trails. */
import { userInfo } from 'node:os';

/** In a container a process may run under a number that no account has. */
export function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
