/** The plain version's gateway: starts deals, takes reviews, and hands Atlas's webhooks on as signals. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import Fastify from 'fastify';
import { TASK_QUEUE, type Deal } from './deal.js';
import { setting } from './settings.js';
import { approvedSignal, signContract, signedSignal } from './workflows.js';

interface Webhook {
  event: string;
  metadata: { deal_id: string };
}

const connection = await Connection.connect({ address: setting('TEMPORAL_ADDRESS') });
const client = new Client({ connection, namespace: process.env.TEMPORAL_NAMESPACE ?? 'default' });
const app = Fastify();

app.get('/healthz', async () => ({ status: 'ok' }));

app.post<{ Body: Deal }>('/deals', async (request, reply) => {
  const workflowId = workflowIdOf(request.body.dealId);
  await client.workflow.start(signContract, { taskQueue: TASK_QUEUE, workflowId, args: [request.body] });
  return reply.code(202).send({ workflowId });
});

app.post<{ Params: { dealId: string } }>('/deals/:dealId/review', async (request) => {
  await client.workflow.getHandle(workflowIdOf(request.params.dealId)).signal(approvedSignal);
  return { status: 'ok' };
});

await app.register(async (webhooks) => {
  // The signature is over the bytes as they came.
  webhooks.removeAllContentTypeParsers();
  webhooks.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  webhooks.post<{ Body: Buffer }>('/webhooks/atlas', async (request, reply) => {
    if (!isFromAtlas(request.body, request.headers['x-atlas-signature'])) return reply.code(401).send();
    const { event, metadata } = JSON.parse(request.body.toString('utf8')) as Webhook;
    if (event === 'envelope.signed') {
      await client.workflow.getHandle(workflowIdOf(metadata.deal_id)).signal(signedSignal);
    }
    return { status: 'ok' };
  });
});

function isFromAtlas(body: Buffer, header: unknown): boolean {
  const expected = Buffer.from(`sha256=${createHmac('sha256', setting('ATLAS_API_KEY')).update(body).digest('hex')}`);
  const given = Buffer.from(String(header));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function workflowIdOf(dealId: string): string {
  return `plain-${dealId}`;
}

await app.listen({ host: '127.0.0.1', port: Number(setting('PORT')) });

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void app.close().then(() => connection.close()));
}
