import type { FastifyRequest } from 'fastify';

/** The path of a request without its query. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

/** Tells the routes which site a call came to: the first part of the path of its `base_uri`, which is no part of the routes. */
const SITE_HEADER = 'x-stand-in-site';

/** Takes the site off the path, and spells `/management` small: DocuSign's own documents write it both ways. */
export function routePath(url: string, headers: Record<string, unknown>): string {
  const [, site = '', rest = ''] = /^\/(site-[\w-]+)(\/restapi\/.*)$/s.exec(url) ?? [];
  headers[SITE_HEADER] = site;
  return site === '' ? url.replace(/^\/management(?=\/|$)/i, '/management') : rest;
}

export function siteOf(request: FastifyRequest): string {
  return String(request.headers[SITE_HEADER] ?? '');
}
