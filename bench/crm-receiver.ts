/**
 * The CRM of both versions: a receiver for the `http` driver that keeps everything in memory. It costs next to nothing, so that the
 * workers are measured and not a database, and it tells the benchmark at once how far a deal is, so that nothing has to be polled.
 */
import Fastify from 'fastify';

export interface CrmDeal {
  stage: string | null;
  envelopeId: string | null;
  attachments: number;
}

export interface CrmReceiver {
  url: string;
  deal(dealId: string): Readonly<CrmDeal>;
  /** Settles with the deal once the CRM has learned of `stage`; rejects when that takes longer than `patienceMs`. */
  reached(dealId: string, stage: string, patienceMs: number): Promise<Readonly<CrmDeal>>;
  close(): Promise<void>;
}

interface Tracked extends CrmDeal {
  seen: Set<string>;
  watchers: Set<() => void>;
}

export async function startCrmReceiver(): Promise<CrmReceiver> {
  const deals = new Map<string, Tracked>();
  const tracked = (dealId: string): Tracked => {
    const known = deals.get(dealId);
    if (known !== undefined) return known;
    const fresh: Tracked = { stage: null, envelopeId: null, attachments: 0, seen: new Set(), watchers: new Set() };
    deals.set(dealId, fresh);
    return fresh;
  };

  const app = Fastify({ bodyLimit: 20 * 1024 * 1024, forceCloseConnections: true });
  app.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.patch<{ Params: { dealId: string }; Body: { stage: string; envelopeId: string } }>(
    '/deals/:dealId',
    async (request, reply) => {
      const deal = tracked(request.params.dealId);
      const { stage, envelopeId } = request.body;
      Object.assign(deal, { stage, envelopeId });
      deal.seen.add(stage);
      for (const watcher of deal.watchers) watcher();
      return reply.code(204).send();
    },
  );

  app.post<{ Params: { dealId: string }; Body: Buffer }>('/deals/:dealId/attachments', async (request, reply) => {
    if (!request.body.includes('%PDF-')) return reply.code(422).send();
    tracked(request.params.dealId).attachments += 1;
    return reply.code(201).send();
  });

  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    deal: tracked,
    reached(dealId, stage, patienceMs) {
      const deal = tracked(dealId);
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (!deal.seen.has(stage)) return;
          deal.watchers.delete(look);
          clearTimeout(timer);
          resolve(deal);
        };
        const timer = setTimeout(() => {
          deal.watchers.delete(look);
          reject(
            new Error(`${dealId} did not reach ${stage} in ${patienceMs / 1000} s; it is at ${String(deal.stage)}`),
          );
        }, patienceMs);
        deal.watchers.add(look);
        look();
      });
    },
    close: () => app.close(),
  };
}
