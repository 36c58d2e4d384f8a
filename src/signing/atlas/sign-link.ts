import type { Errand } from './errors.js';
import type { AtlasHttp } from './http.js';
import { statusSchema } from './schemas.js';

/**
 * The link of the signer whose turn it is; null unless the envelope is out and Atlas tells of a turn. The token in it is what makes it that
 * signer's: without one it may show every field to whoever opens it (Atlas notes 7 and 26.16), so such a link is `unreadable`. No error
 * shows the link.
 */
export async function currentSignLink(http: AtlasHttp, envelopeId: string): Promise<string | null> {
  const route = '/api/envelope/{id}/status';
  const { status, sign_url: link } = await http.call({ method: 'GET', route, id: envelopeId }, statusSchema);
  if (status !== 'pending' || !link) return null;
  const errand: Errand = { what: `GET ${route}`, envelopeId };
  const url = URL.canParse(link) ? new URL(link) : null;
  // Links may lead to any host, such as a customer's own domain, but not over plain http: unless Atlas itself is reached so.
  if (url?.protocol !== 'https:' && url?.protocol !== http.base.protocol)
    throw http.errors.unreadable(errand, 'sign_url: is no https: address');
  if (!url.searchParams.get('t')?.trim()) {
    const problem = "sign_url: the link has no signer's token, so it would not be that signer's alone";
    throw http.errors.unreadable(errand, problem);
  }
  return link;
}
