import type { Dispatcher } from 'undici';

/** Milliseconds. Connect, headers and body are silences; call and transfer bound the whole, so that a drip-fed answer ends too. */
export interface Timeouts {
  connectMs: number;
  headersMs: number;
  bodyMs: number;
  /** A whole call with a small body. */
  callMs: number;
  /** A whole upload or download of a document. */
  transferMs: number;
}

/** Bytes. */
export interface Limits {
  jsonBytes: number;
  downloadBytes: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 10_000,
  headersMs: 25_000,
  bodyMs: 20_000,
  callMs: 29_000,
  transferMs: 120_000,
};
export const DEFAULT_LIMITS: Limits = { jsonBytes: 4 * 1024 * 1024, downloadBytes: 50 * 1024 * 1024 };

export interface AtlasClientOptions {
  /** Without `/api`, which every route begins with. */
  baseUrl: string;
  apiKey: string;
  timeouts?: Partial<Timeouts>;
  limits?: Partial<Limits>;
  /** Replaces the client's own pool; whoever gives it closes it. */
  dispatcher?: Dispatcher;
}
