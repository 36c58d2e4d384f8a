import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { currentSigner, statusOf, type Envelope, type Party } from '../model.js';
import { notice } from '../pages/frame.js';
import { overviewPage } from '../pages/overview.js';
import { reviewPage } from '../pages/review.js';
import { signClosedPage, signPage } from '../pages/sign.js';
import { STYLE } from '../pages/style.js';
import { parseParties, standInSchema } from '../parties.js';
import { ownFields } from '../present.js';
import { Refusal } from '../refusal.js';
import type { World } from '../world.js';
import { pathId, read } from './reading.js';

/** No script, nothing from elsewhere, forms only to here. */
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self' data:",
  "object-src 'self'",
  "frame-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'self'",
  "base-uri 'none'",
].join('; ');

interface Visit {
  id: string;
  query: URLSearchParams;
  form: URLSearchParams;
  ip: string;
}

/** The pages for people: the overview, the review page and the sign page (Atlas notes 7). The token in the link is all the permission there is. */
export function addPages(app: FastifyInstance, world: World): void {
  const { store, envelopes, documents } = world;

  const reviewed = (visit: Visit): Envelope => {
    const envelope = store.envelopes.get(visit.id);
    if (envelope === undefined || visit.query.get('rt') !== envelope.reviewToken) throw invalidLink();
    return envelope;
  };
  const signing = (visit: Visit): { envelope: Envelope; party: Party } => {
    const envelope = store.envelopes.get(visit.id);
    if (envelope === undefined) throw invalidLink();
    return { envelope, party: envelopes.partyOf(envelope, visit.query.get('t')) };
  };
  const review = (envelope: Envelope, problem: string | null): string => {
    return reviewPage(envelope, store.deliveries.in(envelope.id), problem);
  };
  const signedPdf = (envelope: Envelope): Promise<Buffer> => {
    if (statusOf(envelope) !== 'signed') throw new Refusal(409, 'not_signed', 'Not everybody has signed yet');
    return world.signedPdfs.of(envelope);
  };
  const pdf = async (reply: FastifyReply, bytes: Promise<Buffer>): Promise<FastifyReply> => {
    return reply
      .header('cache-control', 'no-store')
      .type('application/pdf')
      .send(await bytes);
  };
  /** Does what a form asked for and leads back to its page; a refusal shows on the page that `again` draws. */
  const act = (
    reply: FastifyReply,
    back: string,
    change: () => void,
    again: (problem: string) => string,
  ): FastifyReply => {
    try {
      store.transact(change);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return page(reply, again(error.message), error.status);
    }
    return reply.redirect(back, 303);
  };

  app.get('/style.css', async (_request, reply) => reply.type('text/css; charset=utf-8').send(STYLE));
  app.get('/', async (_request, reply) => page(reply, overviewPage([...store.envelopes.all()], world.links)));

  app.get(
    '/review/:id',
    visiting((visit, reply) => page(reply, review(reviewed(visit), null))),
  );
  app.get(
    '/review/:id/document.pdf',
    visiting((visit, reply) => pdf(reply, documents.read(reviewed(visit).document.sha256))),
  );
  app.get(
    '/review/:id/signed.pdf',
    visiting((visit, reply) => pdf(reply, signedPdf(reviewed(visit)))),
  );
  app.post(
    '/review/:id/send',
    visiting((visit, reply) => {
      const envelope = reviewed(visit);
      const send = (): void => {
        envelopes.send(envelope, parseParties(partiesOf(visit.form)), Number(visit.form.get('fields_version')));
      };
      return act(reply, `/review/${envelope.id}?rt=${envelope.reviewToken}`, send, (problem) =>
        review(envelope, problem),
      );
    }),
  );
  app.post(
    '/review/:id/place-fields',
    visiting((visit, reply) => {
      const envelope = reviewed(visit);
      const back = `/review/${envelope.id}?rt=${envelope.reviewToken}`;
      return act(
        reply,
        back,
        () => envelopes.placeUsualFields(envelope),
        (problem) => review(envelope, problem),
      );
    }),
  );

  app.get(
    '/sign/:id',
    visiting((visit, reply) => {
      const { envelope, party } = signing(visit);
      if (currentSigner(envelope) !== party) {
        const tooEarly = party.status === 'waiting' && ['draft', 'pending'].includes(statusOf(envelope));
        return page(reply, signClosedPage(envelope, party), tooEarly ? 403 : 200);
      }
      store.transact(() => envelopes.view(envelope, party));
      return page(reply, signPage(envelope, party, null));
    }),
  );
  app.get(
    '/sign/:id/document.pdf',
    visiting((visit, reply) => pdf(reply, world.signedPdfs.forSigner(signing(visit).envelope))),
  );
  app.get(
    '/sign/:id/signed.pdf',
    visiting((visit, reply) => pdf(reply, signedPdf(signing(visit).envelope))),
  );
  app.post(
    '/sign/:id',
    visiting((visit, reply) => {
      const { envelope, party } = signing(visit);
      const sign = (): void => {
        if (visit.form.get('consent') !== 'yes')
          throw new Refusal(400, 'consent_required', 'Agree to sign electronically first');
        envelopes.sign(envelope, party, visit.form.get('name') ?? '', visit.ip, valuesOf(envelope, party, visit.form));
      };
      const again = (problem: string): string => stillToSign(envelope, party, problem);
      return act(reply, `/sign/${envelope.id}?t=${party.token}`, sign, again);
    }),
  );
  app.post(
    '/sign/:id/decline',
    visiting((visit, reply) => {
      const { envelope, party } = signing(visit);
      const reason = visit.form.get('reason')?.trim() ?? '';
      const decline = (): void => envelopes.decline(envelope, party, reason === '' ? null : reason);
      const again = (problem: string): string => stillToSign(envelope, party, problem);
      return act(reply, `/sign/${envelope.id}?t=${party.token}`, decline, again);
    }),
  );
  app.post(
    '/sign/:id/reassign',
    visiting((visit, reply) => {
      const { envelope, party } = signing(visit);
      const reassign = (): void => {
        const { email, name } = read(standInSchema, Object.fromEntries(visit.form));
        const called = name?.trim() ?? '';
        envelopes.reassign(envelope, party, { email, name: called === '' ? null : called });
      };
      return act(reply, '/sign/passed-on', reassign, (problem) => stillToSign(envelope, party, problem));
    }),
  );
  app.get('/sign/passed-on', async (_request, reply) => {
    return page(reply, notice('Passed on', 'Whoever signs in your place has been written to.'));
  });
}

function stillToSign(envelope: Envelope, party: Party, problem: string): string {
  return currentSigner(envelope) === party ? signPage(envelope, party, problem) : signClosedPage(envelope, party);
}

function invalidLink(): Refusal {
  return new Refusal(404, 'not_found', 'This link is not valid');
}

/** Reads a visit; whatever is refused is told on a page. */
function visiting(work: (visit: Visit, reply: FastifyReply) => FastifyReply | Promise<FastifyReply>) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const form = new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '');
    const query = new URLSearchParams(request.url.split('?')[1] ?? '');
    try {
      return await work({ id: pathId(request), query, form, ip: request.ip }, reply);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return page(reply, notice(error.message, 'Ask whoever sent you the link for a new one.'), error.status);
    }
  };
}

function page(reply: FastifyReply, markup: string, status = 200): FastifyReply {
  return reply
    .code(status)
    .header('content-security-policy', POLICY)
    .header('referrer-policy', 'no-referrer')
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(markup);
}

/** The rows of the review form as a caller would have written them; rows without an address are left out. */
function partiesOf(form: URLSearchParams): Record<string, unknown>[] {
  const indexes = [...form.keys()].flatMap((key) => /^party_(\d+)_email$/.exec(key)?.[1] ?? []);
  return indexes.flatMap((index) => {
    const value = (what: string): string | undefined => {
      const text = form.get(`party_${index}_${what}`)?.trim();
      return text === '' ? undefined : text;
    };
    const email = value('email');
    if (email === undefined) return [];
    const order = value('order');
    return [
      {
        email,
        name: value('name'),
        role: value('role'),
        role_type: value('role_type'),
        company: value('company'),
        order: order === undefined ? undefined : Number(order),
      },
    ];
  });
}

function valuesOf(envelope: Envelope, party: Party, form: URLSearchParams): Map<string, string> {
  const values = new Map<string, string>();
  for (const field of ownFields(envelope, party)) {
    const value = form.get(`field_${field.id}`);
    if (value !== null && value !== '') values.set(field.id, value);
  }
  return values;
}
