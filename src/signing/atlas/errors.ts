import type { z } from 'zod';
import { ProviderError, type ProviderErrorKind } from '../provider.js';
import { maskFor, type Mask } from './masking.js';
import { readRefusal } from './refusal.js';

/**
 * Anything that went wrong with Atlas. The message names the route, the status, Atlas's code and its words with addresses and tokens
 * hidden; the API key, request and answer are never part of it, nor is a `cause`.
 */
export class AtlasError extends ProviderError {
  override readonly name = 'AtlasError';
}

/** What was being done, for messages: the route with its placeholders and the envelope it was about. */
export interface Errand {
  what: string;
  envelopeId?: string | undefined;
}

export interface Refused {
  status: number;
  retryAfter: string | undefined;
  body: string;
}

/** Makes the errors of one client; it knows the API key only to hide it. */
export class AtlasErrors {
  private readonly mask: Mask;

  constructor(apiKey: string) {
    this.mask = maskFor(apiKey);
  }

  /** The vendor's words, fit for a message. */
  hide(text: string): string {
    return this.mask(text);
  }

  /** An answer outside 2xx, or a 2xx that says `success: false`. `kind` overrides what the status means. */
  refused(errand: Errand, answer: Refused, kind: ProviderErrorKind = kindOfStatus(answer.status)): AtlasError {
    const refusal = readRefusal(answer.body);
    const code = refusal.code !== undefined && this.mask(refusal.code) === refusal.code ? refusal.code : undefined;
    const text = this.mask(refusal.text);
    const said = `${code === undefined ? '' : ` (${code})`}${text === '' ? '' : `: ${text}`}`;
    const retryAfterMs = readRetryAfter(answer.retryAfter, Date.now());
    return new AtlasError(kind, `Atlas answered ${answer.status} to ${errand.what}${said}`, {
      status: answer.status,
      ...(code !== undefined && { code }),
      ...(errand.envelopeId !== undefined && { envelopeId: errand.envelopeId }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }

  /** No complete answer. Only the system's code of the cause is kept: causes may hold addresses of proxies and hosts. */
  unreachable(errand: Errand, cause: unknown): AtlasError {
    return this.plain('unreachable', errand, `no complete answer from Atlas to ${errand.what} (${codeOf(cause)})`);
  }

  /** An answer that was received and cannot be understood; `problem` names the field. */
  unreadable(errand: Errand, problem: string, status?: number): AtlasError {
    return this.plain(
      'unreadable',
      errand,
      `Atlas's answer to ${errand.what} cannot be read: ${this.mask(problem)}`,
      status,
    );
  }

  /** The same, with the fields that zod found wanting. zod's messages name types, never values. */
  unparsed(errand: Errand, error: z.ZodError, status?: number): AtlasError {
    const problems = error.issues.slice(0, 3).map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
    return this.unreadable(errand, problems.join('; '), status);
  }

  tooLarge(errand: Errand, limit: number): AtlasError {
    return this.plain('too-large', errand, `Atlas's answer to ${errand.what} is larger than ${limit} bytes`);
  }

  /** A request that cannot be made as asked. */
  invalid(errand: Errand, problem: string): AtlasError {
    return this.plain('invalid', errand, `${errand.what} cannot be asked of Atlas: ${problem}`);
  }

  private plain(kind: ProviderErrorKind, errand: Errand, message: string, status?: number): AtlasError {
    return new AtlasError(kind, message, {
      ...(status !== undefined && { status }),
      ...(errand.envelopeId !== undefined && { envelopeId: errand.envelopeId }),
    });
  }
}

/** Statuses that Atlas documents (Atlas notes 3) and those that any server may give. */
function kindOfStatus(status: number): ProviderErrorKind {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 402:
      return 'payment-required';
    case 403:
      return 'forbidden';
    case 404:
    case 410:
      return 'not-found';
    case 408:
    case 429:
      return 'rate-limited';
    case 409:
      return 'conflict';
    case 413:
      return 'too-large';
    default:
      if (status >= 500) return 'unavailable';
      return status >= 400 ? 'invalid' : 'unreadable';
  }
}

const LONGEST_WAIT_MS = 24 * 3_600_000;

/** `Retry-After` in milliseconds: seconds or an HTTP date, a day at most so that a slip cannot strand a deal; undefined when absent or garbled. */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (text === '') return undefined;
  const wait = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(Math.round(wait), 0), LONGEST_WAIT_MS);
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown';
  if (cause.name === 'TimeoutError') return 'time limit of the whole call';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}
