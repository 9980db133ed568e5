/** «There is none» is an answer, not a failure; services word it in many ways. */
import { awsError, isAwsError } from '../../core/aws';

/** Null when the service says one of these names; every other error is translated. */
export async function orNull<T>(
  action: string,
  absent: readonly string[],
  call: () => Promise<T>,
): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (isAwsError(error, ...absent)) return null;
    throw awsError(error, action);
  }
}

/** What is made or removed already is as it should be. */
export async function unless(
  action: string,
  fine: readonly string[],
  call: () => Promise<unknown>,
): Promise<void> {
  await orNull(action, fine, call);
}
