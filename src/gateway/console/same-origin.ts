/** What the console believes of a request: that its own page sent it, and that it came by https. */
import type { FastifyRequest } from 'fastify';

/**
 * Whether a form of the console's own sent this. Browsers say so in `Sec-Fetch-Site`, but only over https and on this machine; elsewhere the
 * `Origin` of a form must be the host that was asked. No form of another site can set either header, nor `X-Forwarded-Host`.
 */
export function isSameOrigin({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const host = hostOf(headers.origin);
  return host !== undefined && [headers.host, first(headers['x-forwarded-host'])].includes(host);
}

/** Another site led here. A cookie that is SameSite=Strict stays away from such a request even when there is one. */
export function isLedFromElsewhere({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return site === 'cross-site' || site === 'same-site';
}

/** Whether the browser reached us by https, whatever is in between: its own `Origin` tells it where the proxy does not. */
export function isSecure({ headers, protocol }: FastifyRequest): boolean {
  const forwarded = /(?:^|[;,\s])proto="?(https?)/i.exec(headers.forwarded ?? '')?.[1];
  const proto = first(headers['x-forwarded-proto']) ?? forwarded ?? protocol;
  return proto.toLowerCase() === 'https' || headers.origin?.startsWith('https://') === true;
}

/** A path of the console to go on to; the queue for anything else, other sites above all. */
export function ownPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || !URL.canParse(wanted, OWN)) return '/';
  const { origin, pathname, search } = new URL(wanted, OWN);
  const page = pathname === '/' || /^\/console\/(?!log(in|out)$)/.test(pathname);
  // A path with two slashes in front would be read as another host.
  return origin === OWN && page ? `${pathname}${search}` : '/';
}

const OWN = 'http://console.invalid';

function hostOf(origin: string | undefined): string | undefined {
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).host : undefined;
}

function first(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text?.split(',')[0]?.trim();
}
