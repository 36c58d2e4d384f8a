import type { FastifyInstance } from 'fastify';
import { readParties } from '../deal/messages.js';
import type { Policy } from '../deal/policy.js';
import { readBody, startBody } from './bodies.js';
import { contractSource } from './contract-source.js';
import type { Deals, Started } from './deals.js';
import { invalidBody, Problem } from './problem.js';

/** `POST /deals`: starts a deal, or attaches to the open one of the same id, so that a CRM may send the same event again. */
export function addStartRoute(app: FastifyInstance, deals: Deals, policies: ReadonlyMap<string, Policy>): void {
  app.post('/deals', { config: { deed: 'start a deal' } }, async (request, reply) => {
    const body = readBody(startBody, request.body);
    request.about.dealId = body.dealId;
    const { dealId, round, documentType, metadata } = body;

    const policy = policies.get(documentType);
    if (!policy) {
      const known = [...policies.keys()].join(', ');
      throw invalidBody([{ path: 'documentType', message: `is not in the document types file, which knows ${known}` }]);
    }
    const source = contractSource(body, policy);
    const parties = readParties(body.parties);
    if (parties.value === undefined) throw invalidBody([{ path: 'parties', message: parties.problem }]);

    const started = await deals.start({
      dealId,
      round,
      documentType,
      ...source,
      parties: parties.value,
      ...(metadata && { metadata }),
      policy,
    });
    if (started.kind !== 'started' && started.kind !== 'attached') throw refusalOf(started, dealId, round);
    return reply.code(202).send({ workflowId: started.workflowId, started: started.kind === 'started' });
  });
}

function refusalOf(
  started: Exclude<Started, { kind: 'started' } | { kind: 'attached' }>,
  dealId: string,
  round: number,
): Problem {
  switch (started.kind) {
    case 'ended': {
      const { workflowId, outcome } = started;
      const detail = `The deal has ended: ${outcome}. To do it again, name the next round: "round": ${round + 1}.`;
      return new Problem(409, 'deal-ended', detail, { workflowId, outcome });
    }
    case 'taken': {
      const { workflowId } = started;
      const detail = `The workflow ${workflowId} belongs to another deal whose id and round read the same. Use another deal id.`;
      return new Problem(409, 'workflow-id-taken', detail, { workflowId });
    }
    case 'other-round': {
      const detail = started.open
        ? `Round ${started.round} of deal ${dealId} is open. Wait until it ends, or cancel it.`
        : `Deal ${dealId} has gone on to round ${started.round}. To do it again, name a later round.`;
      return new Problem(409, 'other-round', detail);
    }
    case 'not-next':
      return invalidBody([
        { path: 'round', message: `must be the next one: round ${started.round - 1} of deal ${dealId} is not known` },
      ]);
  }
}
