/** Which errors of AWS are worth another try, and which need a person. */
import { awsError, awsVerdict, callingAws } from '../../../core/aws';

const failure = (name: string, more: { status?: number; code?: string; message?: string } = {}) => {
  const { status, code, message = 'said so' } = more;
  const metadata = status === undefined ? {} : { $metadata: { httpStatusCode: status } };
  return Object.assign(new Error(message), { name, code, ...metadata });
};

test.each([
  [failure('ThrottlingException', { status: 400 }), 'passing'],
  [failure('TooManyRequestsException', { status: 400 }), 'passing'],
  [failure('SlowDown', { status: 503 }), 'passing'],
  [failure('Whatever', { status: 429 }), 'passing'],
  [failure('InternalError', { status: 500 }), 'passing'],
  [failure('Error', { code: 'ECONNRESET' }), 'passing'],
  [failure('Error', { message: 'AWS SDK error wrapper for Error: socket hang up' }), 'passing'],
  [failure('AccessDeniedException', { status: 400 }), 'denied'],
  [failure('ExpiredToken', { status: 400 }), 'denied'],
  [failure('CredentialsProviderError'), 'denied'],
  [failure('Forbidden', { status: 403 }), 'denied'],
  [failure('InvalidInputException', { status: 400 }), 'refused'],
  [failure('NoSuchBucket', { status: 404 }), 'refused'],
  [new TypeError('a mistake of ours'), null],
  ['a text', null],
])('%s is %s', (error, verdict) => {
  expect(awsVerdict(error)).toBe(verdict);
});

test('what is not of AWS stays as it is', () => {
  const own = new TypeError('a mistake of ours');
  expect(awsError(own, 's3:GetObject')).toBe(own);
});

test('names the call, and keeps the cause', async () => {
  const cause = failure('AccessDenied', { status: 403, message: 'no' });
  const call = callingAws('glue:GetTable', () => Promise.reject(cause));
  await expect(call).rejects.toMatchObject({
    code: 'AWS_DENIED',
    message: 'AWS does not allow glue:GetTable: AccessDenied: no',
    cause,
  });
});

test('a region that is missing is a matter of the configuration', () => {
  expect(awsError(new Error('Region is missing'), 's3:GetObject')).toMatchObject({
    code: 'CONFIG_INVALID',
  });
});
