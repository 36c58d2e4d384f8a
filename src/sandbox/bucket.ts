import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import { statusOf } from './model.js';
import type { World } from './world.js';

/**
 * The private bucket that download links lead to: another origin than the API's. A bearer token has no business here, so a request that carries one
 * is refused and counted (Atlas notes 26.20).
 */
export function createBucket(world: World): FastifyInstance {
  const app = Fastify({ logger: false, forceCloseConnections: true });
  app.get<{ Params: { file: string } }>('/signed/:file', async (request, reply) => {
    const { file } = request.params;
    if (request.headers.authorization !== undefined) {
      world.store.transact(() => {
        world.store.leaks.put({ id: randomUUID(), at: world.clock.now().toISOString(), path: `/signed/${file}` });
      });
      return reply.code(400).type('application/xml').send(xml('InvalidArgument', 'Only one auth mechanism allowed'));
    }
    const id = file.replace(/\.pdf$/, '');
    const query = new URLSearchParams(request.url.split('?')[1] ?? '');
    if (!world.links.mayDownload(id, query.get('expires') ?? '', query.get('signature') ?? '')) {
      return reply.code(403).type('application/xml').send(xml('AccessDenied', 'The link is wrong or has expired'));
    }
    const envelope = world.store.envelopes.get(id);
    if (envelope === undefined || statusOf(envelope) !== 'signed') {
      return reply.code(404).type('application/xml').send(xml('NoSuchKey', 'There is no such file'));
    }
    const disposition = `attachment; filename="${id}.pdf"`;
    const pdf = await world.signedPdfs.of(envelope);
    return reply.type('application/pdf').header('content-disposition', disposition).send(pdf);
  });
  return app;
}

function xml(code: string, message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}
