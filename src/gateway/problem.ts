/** Errors as RFC 9457 tells them. `detail` says what happened and what to do; none of them shows what the caller must not see. */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ProviderError, type ProviderErrorKind } from '../signing/provider.js';
import { UnreadableQuery } from './deal-list.js';
import { DealsUnavailable } from './deals.js';
import { IdentityUnavailable } from './identity.js';

export interface FieldProblem {
  /** `parties[0].email`; empty for the body as a whole. */
  path: string;
  message: string;
}

export interface ProblemExtras {
  errors?: readonly FieldProblem[];
  workflowId?: string;
  outcome?: string;
}

/** An answer that is an error. `kind` is the stable name that programs switch on. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly kind: string;
  readonly extras: ProblemExtras;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    kind: string,
    detail: string,
    extras: ProblemExtras = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.status = status;
    this.kind = kind;
    this.extras = extras;
    this.headers = headers;
  }
}

export function invalidBody(errors: readonly FieldProblem[]): Problem {
  const list = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
  return new Problem(422, 'invalid-body', list, { errors });
}

/** The body of the answer. */
export function problemBody(problem: Problem, requestId: string): Record<string, unknown> {
  return {
    type: `urn:countersign:problem:${problem.kind}`,
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.message,
    requestId,
    ...problem.extras,
  };
}

/** What the log is told of a request that failed. Ids, names and codes only. */
export function logFailure(error: unknown, request: FastifyRequest): void {
  const problem = problemOf(error);
  if (error instanceof DealsUnavailable || error instanceof IdentityUnavailable)
    request.log.warn({ cause: told(error.cause) }, problem.message);
  else if (error instanceof ProviderError) {
    const { kind, status, code } = error;
    request.log.warn({ kind, providerStatus: status, code }, 'the e-sign provider gave no usable answer');
  } else if (problem.status >= 500) request.log.error({ error: told(error) }, 'a request failed unforeseen');
}

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error);
  logFailure(error, request);
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(problem, request.id)));
}

/** What to tell the caller of an error, whatever it is. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DealsUnavailable) {
    return new Problem(503, error.kind, error.message, {}, { 'retry-after': String(error.retryAfterSeconds) });
  }
  if (error instanceof UnreadableQuery) return invalidBody([{ path: 'query', message: error.message }]);
  if (error instanceof IdentityUnavailable) {
    const detail =
      'The identity provider does not answer, so no token of its can be checked. Try again; see OIDC_ISSUER.';
    return new Problem(503, 'identity-unavailable', detail, {}, { 'retry-after': '5' });
  }
  if (error instanceof ProviderError) return problemOfProvider(error);
  if (isRefusedByFastify(error)) {
    const [kind, detail] = REFUSALS[error.code] ?? [
      'bad-request',
      'The request cannot be read as HTTP with a JSON body.',
    ];
    return new Problem(error.statusCode, kind, detail);
  }
  return new Problem(
    500,
    'unexpected',
    'Something failed that nobody foresaw. It may be tried again; the log has the reason under this requestId.',
  );
}

const PASSING: readonly ProviderErrorKind[] = ['unreachable', 'unavailable', 'rate-limited'];
const UNREADABLE: readonly ProviderErrorKind[] = ['unreadable', 'too-large'];
const ADVICE: Partial<Record<ProviderErrorKind, string>> = {
  unauthorized: ' Check ATLAS_API_KEY of the gateway, or its DOCUSIGN variables.',
  forbidden: ' Check ATLAS_API_KEY of the gateway, or its DOCUSIGN variables, and the account.',
  'not-found':
    ' Check that ATLAS_BASE_URL and ATLAS_API_KEY, or the DOCUSIGN variables, of the gateway are those of the worker.',
};

/** Messages of provider errors hold no addresses, tokens or links. */
function problemOfProvider({ kind, message, retryAfterMs = 5_000 }: ProviderError): Problem {
  if (PASSING.includes(kind)) {
    const retryAfter = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
    const detail = `The e-sign provider cannot be asked now: ${message}. Nothing was changed: try again.`;
    return new Problem(503, 'provider-unavailable', detail, {}, { 'retry-after': retryAfter });
  }
  const name = UNREADABLE.includes(kind) ? 'provider-unreadable' : 'provider-refused';
  return new Problem(502, name, `The e-sign provider gave no usable answer: ${message}.${ADVICE[kind] ?? ''}`);
}

function isRefusedByFastify(error: unknown): error is FastifyError & { statusCode: number } {
  if (!(error instanceof Error) || !('statusCode' in error)) return false;
  return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500;
}

const REFUSALS: Partial<Record<string, readonly [kind: string, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    'body-too-large',
    'The body is larger than 1 MiB. Send documents by their uri, not by value.',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported-media-type',
    'Send the body as JSON, with content-type: application/json.',
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed-json', 'The body is no valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed-json', 'The body is empty but must be a JSON object.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad-request', 'The body is not as long as its content-length says.'],
  FST_ERR_BAD_URL: ['bad-request', 'The path of the request is not well encoded.'],
  FST_ERR_MAX_PARAM_LENGTH: ['bad-request', 'The deal id in the path is too long.'],
};

/** For the log. Messages of Temporal's client and of Node name calls and codes, never payloads. */
function told(error: unknown): Record<string, unknown> | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message, stack } = error;
  return { name, message, stack, cause: told(error.cause) };
}
