/** A refused call. Its body takes the shape of the API that was called: `{errorCode, message}`, or `{error, error_description}` of the login and of Admin. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly status: number,
    readonly code: string,
    message = '',
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }

  bodyFor(path: string): Record<string, string> {
    const oauthStyle = path.startsWith('/oauth') || path.startsWith('/management');
    if (!oauthStyle) return { errorCode: this.code, message: this.message };
    return { error: this.code, ...(this.message !== '' && { error_description: this.message }) };
  }
}

export function invalidParameter(message: string): Refusal {
  return new Refusal(
    400,
    'INVALID_REQUEST_PARAMETER',
    `The request contained at least one invalid parameter. ${message}`,
  );
}

export function invalidToken(): Refusal {
  return new Refusal(401, 'AUTHORIZATION_INVALID_TOKEN', 'The access token provided is expired, revoked or malformed.');
}
