/** What a receiver's answer, or its silence, means for a write. */
import type { Dispatcher } from 'undici';
import { CrmError } from './crm.js';
import { masked } from './masked.js';
import { retryAfterMs } from './retry-after.js';

/** Client errors that pass by themselves: time-out, too early, too many. */
const PASSING = new Set([408, 425, 429]);
/** RFC 9110, 15.5.11: it was here and was removed on purpose. */
const GONE = 410;
const READ_BYTES = 4_096;

/** Turns a non-2xx answer into an error that shows its status and the beginning of its text, without personal data. */
export async function refusalOf(method: string, answer: Dispatcher.ResponseData): Promise<CrmError> {
  const { statusCode, headers } = answer;
  const said = masked(await beginning(answer.body));
  const message = `The CRM answered ${method} with ${statusCode}${said && `: ${said}`}`;
  if (statusCode >= 500 || PASSING.has(statusCode)) {
    const wait = retryAfterMs(headers['retry-after']);
    return new CrmError('unavailable', message, wait === undefined ? {} : { retryAfterMs: wait });
  }
  if (statusCode >= 300 && statusCode < 400) {
    return new CrmError('refused', `${message}. Redirects are not followed: set CRM_URL to the final address.`);
  }
  // A 404 is no such word: a wrong CRM_URL answers it to every deal, and each would be taken for withdrawn.
  return new CrmError(statusCode === GONE ? 'gone' : 'refused', message);
}

export function unreachable(method: string, error: unknown): CrmError {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const why = code ?? (error instanceof Error ? error.name : 'unknown');
  return new CrmError('unavailable', `The CRM did not answer ${method} (${why}).`, { cause: error });
}

async function beginning(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      if (size >= READ_BYTES) break;
    }
  } catch {
    // The status has said what matters.
  }
  return Buffer.concat(chunks).subarray(0, READ_BYTES).toString('utf8');
}
