/** What the routes of eSignature share. */
import type { FastifyRequest } from 'fastify';
import type { Envelopes } from './envelopes.js';
import type { Templates } from './templates.js';
import type { Bearer, StandInContext } from './world.js';

export interface ESignature {
  context: StandInContext;
  envelopes: Envelopes;
  templates: Templates;
  /** The caller and the account of the path, which must be one of the caller's; throws the refusal. Counts the call. */
  account: (request: FastifyRequest) => { bearer: Bearer; accountId: string };
}

export function queryOf(request: FastifyRequest): URLSearchParams {
  return new URL(request.url, 'http://stand-in').searchParams;
}

export function includeOf(request: FastifyRequest): Set<string> {
  return new Set((queryOf(request).get('include') ?? '').split(',').map((name) => name.trim()));
}
