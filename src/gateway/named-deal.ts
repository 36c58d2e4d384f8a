/** The deal that a path names. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isDealId } from '../deal/ids.js';
import { Problem } from './problem.js';

const params = z.object({ dealId: z.string() });

/** `:dealId` of the path, which the log line then names; 404 for what can be no deal's id. */
export function dealIdOf(request: FastifyRequest): string {
  const { dealId } = params.parse(request.params);
  if (!isDealId(dealId)) throw new Problem(404, 'unknown-deal', 'No deal can have this id.');
  request.about.dealId = dealId;
  return dealId;
}

export function unknownDeal(dealId: string, round?: number): Problem {
  const what = round === undefined ? `deal ${dealId}` : `round ${round} of deal ${dealId}`;
  return new Problem(404, 'unknown-deal', `There is no ${what}, or it ended so long ago that it is forgotten.`);
}
