import type { ErrorStyle } from './settings.js';

/** An answer of 4xx, or of 5xx where that is meant to happen. Its code and message are rendered in whichever error style is set, since Atlas's own is not documented (Atlas notes 3). */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Seconds in `Retry-After`; null sends none. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

export interface RenderedError {
  contentType: string;
  body: string;
}

const PHRASES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** The body of a refusal in one of the shapes that a client has to tolerate (Atlas notes 24, item 3). */
export function renderError(status: number, code: string, message: string, style: ErrorStyle): RenderedError {
  const json = (value: unknown): RenderedError => ({ contentType: 'application/json', body: JSON.stringify(value) });
  switch (style) {
    case 'code_message':
      return json({ code, message });
    case 'error_string':
      return json({ error: message });
    case 'error_object':
      return json({ error: { code, message } });
    case 'success_false':
      return json({ success: false, error: message, code });
    case 'html':
      return htmlError(status);
    case 'empty':
      return { contentType: 'text/plain', body: '' };
  }
}

/** The page that a proxy in front of an API answers with. */
export function htmlError(status: number): RenderedError {
  const phrase = PHRASES[status] ?? 'Error';
  return {
    contentType: 'text/html; charset=utf-8',
    body: `<html><body><h1>${status} ${phrase}</h1></body></html>`,
  };
}
