import { z } from 'zod';
import type { AtlasError, Errand } from './errors.js';
import { headerOf, type Answer, type AtlasHttp } from './http.js';
import { envelopeSchema, flatten, type AtlasEnvelope } from './schemas.js';

const MAX_REDIRECTS = 3;
const REDIRECTS = [301, 302, 303, 307, 308];
const EXPIRED = [403, 404, 410];

/** Where a chain of links has got to. `atHome`: it never left Atlas's own origin, so the API key may go along. */
interface Stop {
  url: URL;
  atHome: boolean;
}

type Fetched = { bytes: Uint8Array } | { expired: AtlasError };

/**
 * Bytes of the signed PDF, at most `downloadBytes`. Which of two ways Atlas offers is uncertain (Atlas notes 12): a link in the envelope, or
 * `GET .../pdf` that redirects or answers the bytes. Links are short-lived, so one that has expired is asked for anew, once. The API key
 * never leaves Atlas's origin. Not checked to be a PDF.
 */
export async function downloadSignedPdf(http: AtlasHttp, envelopeId: string): Promise<Uint8Array> {
  const first = await fetchOnce(http, envelopeId);
  const last = 'expired' in first ? await fetchOnce(http, envelopeId) : first;
  if ('expired' in last) throw last.expired;
  return last.bytes;
}

async function fetchOnce(http: AtlasHttp, envelopeId: string): Promise<Fetched> {
  const errand: Errand = { what: 'GET the signed PDF', envelopeId };
  const envelope = await http.call({ method: 'GET', route: '/api/envelope/{id}', id: envelopeId }, envelopeSchema);
  const link = linkOf(envelope);
  const route = new URL(`api/envelope/${encodeURIComponent(envelopeId)}/pdf`, http.base);
  let stop: Stop =
    link === undefined ? { url: route, atHome: true } : next(http, errand, { url: http.base, atHome: true }, link);

  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const answer = await http.open(errand, stop.url, {
      method: 'GET',
      headers: {
        accept: stop.atHome ? 'application/pdf, application/json' : 'application/pdf',
        'accept-encoding': 'identity',
      },
      withKey: stop.atHome,
      heavy: true,
    });
    const onward = await whereTo(http, errand, answer, stop);
    if (onward === undefined) return take(http, errand, answer, stop);
    stop = next(http, errand, stop, onward);
  }
  throw http.errors.unreadable(errand, `more than ${MAX_REDIRECTS} redirects`);
}

/** The address the answer points to, or undefined when the answer itself is what was asked for. */
async function whereTo(http: AtlasHttp, errand: Errand, answer: Answer, stop: Stop): Promise<string | undefined> {
  if (REDIRECTS.includes(answer.status)) {
    await http.discard(answer);
    const location = headerOf(answer, 'location');
    if (location === undefined)
      throw http.errors.unreadable(errand, 'location: missing from a redirect', answer.status);
    return location;
  }
  const ok = answer.status >= 200 && answer.status <= 299;
  if (ok && stop.atHome && /^application\/json\b/i.test(headerOf(answer, 'content-type') ?? '')) {
    const named = await http.readJson(errand, answer, linkSchema);
    return named.signed_download_url;
  }
  return undefined;
}

/** The next stop: `https:`, or the scheme Atlas itself was configured with. */
function next(http: AtlasHttp, errand: Errand, from: Stop, address: string): Stop {
  if (!URL.canParse(address, from.url.href))
    throw http.errors.unreadable(errand, 'the download link is no web address');
  const url = new URL(address, from.url);
  if (url.protocol !== 'https:' && url.protocol !== http.base.protocol) {
    throw http.errors.unreadable(errand, `the download link is ${url.protocol} and not https:`);
  }
  if (url.username !== '' || url.password !== '') {
    throw http.errors.unreadable(errand, 'the download link holds a user name or password');
  }
  return { url, atHome: from.atHome && url.origin === http.base.origin };
}

async function take(http: AtlasHttp, errand: Errand, answer: Answer, stop: Stop): Promise<Fetched> {
  const { status } = answer;
  if (status < 200 || status > 299) {
    if (stop.atHome) return http.refuse(errand, answer);
    // A storage host knows links, not envelopes: its 404 must not read as Atlas's "no such envelope". Trying again gets a new link.
    await http.discard(answer);
    const retryAfter = headerOf(answer, 'retry-after');
    const atStorage = { ...errand, what: 'GET the signed PDF by its download link' };
    const refused = http.errors.refused(atStorage, { status, retryAfter, body: '' }, 'unavailable');
    if (EXPIRED.includes(status)) return { expired: refused };
    throw refused;
  }
  const limit = http.limits.downloadBytes;
  if (Number(headerOf(answer, 'content-length') ?? 0) > limit) {
    answer.body.on('error', () => undefined).destroy();
    throw http.errors.tooLarge(errand, limit);
  }
  const { bytes, whole } = await http.read(errand, answer, limit);
  if (!whole) throw http.errors.tooLarge(errand, limit);
  return { bytes };
}

function linkOf(envelope: AtlasEnvelope): string | undefined {
  return envelope.signed_download_url || envelope.signed_pdf_url || envelope.download_url || undefined;
}

const linkSchema = z.preprocess(
  (body) => {
    const fields = z.looseObject({}).safeParse(flatten(body));
    const { signed_download_url, signed_pdf_url, download_url, url }: Record<string, unknown> = fields.success
      ? fields.data
      : {};
    return { signed_download_url: signed_download_url ?? signed_pdf_url ?? download_url ?? url };
  },
  z.looseObject({ signed_download_url: z.string().min(1) }),
);
