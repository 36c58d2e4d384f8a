/** What the log is told of a page that could not be shown. Ids, names and codes only. */
import type { FastifyRequest } from 'fastify';
import { ProviderError } from '../../signing/provider.js';
import { DealsUnavailable } from '../deals.js';
import { IdentityUnavailable } from '../identity.js';
import { problemOf } from '../problem.js';

export function logFailure(error: unknown, request: FastifyRequest): void {
  const problem = problemOf(error);
  if (error instanceof DealsUnavailable || error instanceof IdentityUnavailable)
    request.log.warn({ cause: told(error.cause) }, problem.message);
  else if (error instanceof ProviderError) {
    const { kind, status, code } = error;
    request.log.warn({ kind, providerStatus: status, code }, 'the e-sign provider gave no usable answer');
  } else if (problem.status >= 500) request.log.error({ error: told(error) }, 'a page failed unforeseen');
}

/** Messages of Temporal's client and of Node name calls and codes, never payloads. */
function told(error: unknown): Record<string, unknown> | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message, stack } = error;
  return { name, message, stack, cause: told(error.cause) };
}
