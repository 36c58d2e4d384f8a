/** Fetches a document over `https:` from a host that the deal names: bounded in size and time, and never from the inside. */
import type { lookup as systemLookup } from 'node:dns';
import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { readCapped } from './capped.js';
import { DocumentError } from './documents.js';
import {
  guardedConnector,
  isPrivateAddress,
  isPrivateHost,
  PrivateAddressError,
  type Barred,
} from './private-addresses.js';

export interface DownloadSettings {
  /** Lets documents come from private networks and over plain `http:`. */
  allowPrivateHosts: boolean;
  maxBytes: number;
  /** For the whole download, redirects included, in milliseconds. */
  totalMs?: number;
  /** For connecting, and for each silence of the other side. */
  silenceMs?: number;
  /** What counts as private, and how names resolve; for tests. */
  barred?: Barred;
  allowHttp?: boolean;
  lookup?: typeof systemLookup;
}

export interface Downloaded {
  bytes: Uint8Array;
  /** What the host says it is, in lower case. */
  mediaType?: string | undefined;
}

export interface Downloader {
  /** What is at `uri`, after at most 3 redirects. Throws `DocumentError`. */
  download(uri: string): Promise<Downloaded>;
  /** Throws `DocumentError` unless `uri` may be fetched by its looks. */
  checkUrl(uri: string): URL;
  close(): Promise<void>;
}

const MAX_REDIRECTS = 3;

export function createDownloader(settings: DownloadSettings): Downloader {
  const { allowPrivateHosts, maxBytes, totalMs = 120_000, silenceMs = 15_000, lookup } = settings;
  const barred = settings.barred ?? (allowPrivateHosts ? () => false : isPrivateAddress);
  const allowHttp = settings.allowHttp ?? allowPrivateHosts;
  // Behind a proxy the proxy resolves names and guards the way out; here only literals and telling names can be refused.
  const dispatcher = new EnvHttpProxyAgent({
    connect: guardedConnector(silenceMs, barred, lookup),
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    connections: 4,
  });
  let closed: Promise<void> | undefined;

  function checkUrl(uri: string): URL {
    const url = URL.parse(uri);
    if (!url) throw new DocumentError('missing', 'The document uri is malformed.');
    if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) {
      throw new DocumentError('missing', `Documents are not fetched over ${url.protocol} but over https: only.`);
    }
    if (url.username || url.password) {
      throw new DocumentError(
        'missing',
        'The document uri carries a user name or password: use a signed link instead.',
      );
    }
    if (!allowPrivateHosts && isPrivateHost(url.hostname, barred)) throw notPublic(url);
    return url;
  }

  async function hop(url: URL, signal: AbortSignal): Promise<Downloaded | URL> {
    const answer = await request(url, { dispatcher, headers: { 'accept-encoding': 'identity' }, signal });
    try {
      const next = redirectOf(answer, url);
      if (next !== undefined) return checkUrl(next);
      if (answer.statusCode !== 200) throw statusError(url, answer.statusCode);
      const { headers, body } = answer;
      return {
        bytes: await readCapped(body, Number(headers['content-length'] ?? 0), maxBytes),
        mediaType: mediaTypeOf(headers),
      };
    } finally {
      // Whatever is left unread is not wanted; its error would be nobody's.
      answer.body.on('error', () => undefined).destroy();
    }
  }

  return {
    checkUrl,

    async download(uri) {
      let url = checkUrl(uri);
      const signal = AbortSignal.timeout(totalMs);
      try {
        for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
          const met = await hop(url, signal);
          if (!(met instanceof URL)) return met;
          url = met;
        }
      } catch (error) {
        throw failureOf(url, error);
      }
      throw new DocumentError('missing', `The document at ${url.host} is more than ${MAX_REDIRECTS} redirects away.`);
    },

    close: () => (closed ??= dispatcher.close()),
  };
}

function redirectOf({ statusCode, headers }: Dispatcher.ResponseData, from: URL): string | undefined {
  const { location } = headers;
  if (![301, 302, 303, 307, 308].includes(statusCode) || typeof location !== 'string') return undefined;
  return URL.parse(location, from.href)?.href ?? location;
}

function mediaTypeOf({ 'content-type': told }: Dispatcher.ResponseData['headers']): string | undefined {
  return [told].flat()[0]?.split(';')[0]?.trim().toLowerCase();
}

function notPublic(url: URL): DocumentError {
  return new DocumentError(
    'missing',
    `Documents are not fetched from ${url.hostname}: it is not on the public internet (ALLOW_PRIVATE_DOCUMENT_HOSTS).`,
  );
}

function statusError(url: URL, status: number): DocumentError {
  const passing = status >= 500 || status === 408 || status === 425 || status === 429;
  return new DocumentError(passing ? 'unavailable' : 'missing', `${url.host} answered ${status} for the document.`);
}

/** Messages name the host only: path and query of a link are often what opens it. */
function failureOf(url: URL, error: unknown): DocumentError {
  if (error instanceof DocumentError) return error;
  if (error instanceof PrivateAddressError) return notPublic(url);
  const code = codeOf(error);
  if (code === 'ENOTFOUND') return new DocumentError('missing', `There is no host ${url.hostname}.`);
  return new DocumentError('unavailable', `The document could not be fetched from ${url.host} (${code}).`, error);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
