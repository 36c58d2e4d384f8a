import type { FastifyInstance } from 'fastify';
import { isFinal } from '../deal/stages.js';
import type { SigningProvider } from '../signing/provider.js';
import type { Deals } from './deals.js';
import { dealIdOf, unknownDeal } from './named-deal.js';
import { Problem } from './problem.js';

/** What of the provider the gateway asks itself. */
export type SignLinks = Pick<SigningProvider, 'signLink' | 'readEnvelope'>;

/** `GET /deals/:dealId/sign-link`: lets its holder sign, so it is fetched when asked for, and neither stored nor logged. */
export function addSignLinkRoute(app: FastifyInstance, deals: Deals, provider: SignLinks): void {
  app.get('/deals/:dealId/sign-link', { config: { deed: 'fetch the sign link' } }, async (request, reply) => {
    const dealId = dealIdOf(request);
    const read = await deals.read(dealId);
    if (read.kind === 'unknown') throw unknownDeal(dealId);
    const { stage, envelopeId } = read.snapshot;
    if (isFinal(stage)) throw new Problem(409, 'deal-ended', `The deal has ended: ${stage}.`, { outcome: stage });
    if (stage !== 'out-for-signature' || envelopeId === null) {
      throw new Problem(
        409,
        'not-now',
        `Not now: there is a link while a deal is out for signature; this is ${stage}.`,
      );
    }
    request.about.envelopeId = envelopeId;
    const signLink = await provider.signLink(envelopeId);
    if (signLink === null) {
      const detail = "Not now: it is nobody's turn to sign. Look at the deal again in a moment: it may have moved on.";
      throw new Problem(409, 'not-now', detail);
    }
    // Whose link it is must not come from the snapshot: the deal may not know yet that the turn has moved on.
    const { parties } = await provider.readEnvelope(envelopeId);
    const turn = parties?.find((party) => party.status === 'pending');
    return reply
      .header('cache-control', 'no-store')
      .send({ signLink, party: turn ? { role: turn.role, order: turn.order } : null });
  });
}
