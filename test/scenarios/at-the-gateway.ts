/** Deals as a person at the gateway sees and steers them. */
import { request } from 'undici';
import type { DealSnapshot } from '../../src/deal/snapshot.js';

/** Looks until there is something to see; throws after `ms`, naming what was waited for. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, ms: number): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

export interface AtTheGateway {
  call(path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  ready(): Promise<void>;
  untilStage(dealId: string, stage: DealSnapshot['stage']): Promise<DealSnapshot>;
  /** Waits for the review, approves, and waits until the deal is out for signature. */
  letOut(dealId: string): Promise<DealSnapshot>;
}

/** Waits at most `ms` for each thing. */
export function atTheGateway(url: string, token: string, ms: number): AtTheGateway {
  async function call(path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const answer = await request(`${url}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: await answer.body.json() };
  }

  /** Undefined while no worker answers for the deal. */
  async function look(dealId: string): Promise<DealSnapshot | undefined> {
    const { status, body } = await call(`/deals/${dealId}`);
    return status === 200 ? (body as DealSnapshot) : undefined;
  }

  const untilStage: AtTheGateway['untilStage'] = (dealId, stage) =>
    until(
      `${dealId} to be ${stage}`,
      async () => {
        const deal = await look(dealId);
        return deal?.stage === stage && deal;
      },
      ms,
    );

  return {
    call,
    untilStage,
    async ready() {
      const isReady = () =>
        request(`${url}/readyz`).then(
          ({ statusCode }) => statusCode === 200,
          () => false,
        );
      await until('the gateway', isReady, ms);
    },
    async letOut(dealId) {
      await untilStage(dealId, 'in-review');
      await until(
        `the review of ${dealId}`,
        async () => {
          const { status } = await call(`/deals/${dealId}/review`, { decision: 'approve', reviewer: 'rita' });
          return status === 200 || (await look(dealId))?.stage === 'out-for-signature';
        },
        ms,
      );
      return untilStage(dealId, 'out-for-signature');
    },
  };
}
