/** What S3's errors mean for a document, and what to check. Messages name the bucket and never the key: file names of contracts name people. */
import { DocumentError } from './documents.js';

export type Action = 'read' | 'write';

/** What S3 wants allowed, without which it answers AccessDenied; a missing object does, too, where its bucket may not be listed. */
const RIGHTS: Record<Action, string> = {
  read: 's3:GetObject on its objects and s3:ListBucket on the bucket (and kms:Decrypt on the key that encrypts it)',
  write: 's3:PutObject on its objects (and kms:GenerateDataKey on the key that encrypts it)',
};

/** Codes as in the Amazon S3 API reference, Error responses. Without the cause, whose message shows the key. */
export function s3Failure(error: unknown, bucket: string, action: Action, rights = RIGHTS[action]): DocumentError {
  if (error instanceof DocumentError) return error;
  const { code, status } = factsOf(error);
  const missing = (message: string) => new DocumentError('missing', message);
  const later = (message: string) => new DocumentError('unavailable', message);
  switch (code) {
    case 'NoSuchKey':
      return missing(`There is no such object in the bucket ${bucket}.`);
    case 'NoSuchBucket':
      return missing(`There is no bucket ${bucket}: check its name, AWS_REGION and S3_ENDPOINT.`);
    case 'AccessDenied':
    case 'AllAccessDisabled':
      return missing(
        `S3 does not let this process ${action === 'read' ? 'read from' : 'write to'} the bucket ${bucket}: allow ${rights}.`,
      );
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'InvalidToken':
      return missing(
        `S3 refuses the credentials (${code}): check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and S3_ENDPOINT.`,
      );
    case 'CredentialsProviderError':
      return later(
        'No AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine a role.',
      );
    case 'RequestTimeTooSkewed':
      return later('The clock of this machine differs from that of S3 by more than 15 minutes: set it right.');
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
      return missing(`The bucket ${bucket} lies in another region: set AWS_REGION.`);
    case 'InvalidObjectState':
      return missing(`The object in the bucket ${bucket} is archived: restore it first.`);
  }
  const passing = status === undefined || status >= 500 || [408, 409, 425, 429].includes(status);
  const message = `The bucket ${bucket} could not be ${action === 'read' ? 'read from' : 'written to'} (${code}).`;
  return passing ? later(message) : missing(`${message} Check its name, AWS_REGION and S3_ENDPOINT.`);
}

/** Without them two workers could overwrite one another. */
export function withoutConditions(bucket: string): DocumentError {
  return new DocumentError(
    'refused',
    `The service that holds the bucket ${bucket} knows no conditional writes (If-None-Match), so what is filed there could be overwritten.`,
  );
}

/** `code`: the service's, else the connection's. `status`: undefined where there was no answer. */
export function factsOf(error: unknown): { code: string; status: number | undefined } {
  if (!(error instanceof Error)) return { code: 'unknown', status: undefined };
  const status = statusOf(error);
  if (status === undefined && 'code' in error && typeof error.code === 'string') return { code: error.code, status };
  // An answer without words is named by its number: proxies give such.
  const named = error.name !== 'Error' && error.name !== 'UnknownError';
  return { code: named || status === undefined ? error.name : String(status), status };
}

/** The SDK hangs `$metadata` on all errors, with a status where there was an answer. */
function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return undefined;
  const { $metadata: told } = error;
  return 'httpStatusCode' in told && typeof told.httpStatusCode === 'number' ? told.httpStatusCode : undefined;
}
