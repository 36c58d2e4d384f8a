/** The page where a person looks at a draft and sends it. */
import { randomBytes } from 'node:crypto';
import { textOf } from './definition.js';
import { bodyOf } from './envelope-routes.js';
import type { Envelope } from './envelope.js';
import type { ESignature } from './esignature.js';
import { Refusal } from './refusal.js';

interface Visit {
  envelopeId: string;
  returnUrl: string | null;
  until: number;
}

export function addSenderView({ context, envelopes, account }: ESignature): void {
  const { app, switches, now } = context;
  /** Addresses that were given out, and pages that were opened: each is good for one request. */
  const tickets = new Map<string, Visit>();
  const pages = new Map<string, Visit>();

  function put(where: Map<string, Visit>, visit: Visit): string {
    const token = randomBytes(24).toString('base64url');
    where.set(token, visit);
    return token;
  }

  function take(where: Map<string, Visit>, token: string): Visit {
    const visit = where.get(token);
    where.delete(token);
    if (!visit || visit.until <= now()) throw new Refusal(401, 'LINK_EXPIRED', 'The link has expired or was used.');
    return visit;
  }

  app.post<{ Params: { envelopeId: string } }>(
    '/restapi/v2.1/accounts/:accountId/envelopes/:envelopeId/views/sender',
    async (request, reply) => {
      const { accountId } = account(request);
      const envelope = envelopes.of(accountId, request.params.envelopeId);
      if (envelope.status !== 'created' || envelope.deletedAt !== null)
        throw new Refusal(400, 'ENVELOPE_INVALID_STATUS', 'The envelope status is not valid for this operation.');
      const returnUrl = textOf(bodyOf(request.body), 'returnUrl');
      const until = now() + switches.view_seconds * 1000;
      const token = put(tickets, { envelopeId: envelope.envelopeId, returnUrl, until });
      return reply.code(201).send({ url: `${context.url()}/_sandbox/docusign/view/${token}` });
    },
  );

  app.get<{ Params: { token: string } }>('/_sandbox/docusign/view/:token', async (request, reply) => {
    const visit = take(tickets, request.params.token);
    const page = put(pages, { ...visit, until: now() + 30 * 60_000 });
    return reply.type('text/html; charset=utf-8').send(pageOf(envelopes.of(null, visit.envelopeId), page));
  });

  app.post<{ Params: { page: string } }>('/_sandbox/docusign/view/:page/send', async (request, reply) => {
    const { envelopeId, returnUrl } = take(pages, request.params.page);
    envelopes.send(envelopes.of(null, envelopeId));
    if (returnUrl === null || !URL.canParse(returnUrl))
      return reply.type('text/html; charset=utf-8').send('<p>Sent.</p>');
    const back = new URL(returnUrl);
    back.searchParams.set('event', 'Send');
    back.searchParams.set('envelopeId', envelopeId);
    return reply.redirect(back.toString(), 303);
  });
}

function pageOf(envelope: Envelope, page: string): string {
  const rows = envelope.recipients.map(
    ({ routingOrder, name, email, tabs }) =>
      `<li>${routingOrder}. ${escaped(name)} &lt;${escaped(email)}&gt;, ${tabs.length} fields</li>`,
  );
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Review and send</title></head><body>
<h1>${escaped(envelope.emailSubject)}</h1><ul>${rows.join('')}</ul>
<form method="post" action="/_sandbox/docusign/view/${page}/send"><button>Send</button></form></body></html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
