/** What a service says of something that it does not know any more: deleted, or too long ago. */
import { isWatchlakeError } from '../../../core/errors';

export const FORGOTTEN = 'the service does not know it any more';

const UNKNOWN = /^(EntityNotFoundException|InvalidRequestException: .* is not valid)/;

/** `otherwise` where the service knows nothing of what is asked for. */
export async function unlessForgotten<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isRefused = isWatchlakeError(error) && error.code === 'AWS_REFUSED';
    if (!isRefused || !UNKNOWN.test(String(error.context['detail']))) throw error;
    return otherwise;
  }
}
