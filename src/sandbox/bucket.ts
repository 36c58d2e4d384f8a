import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { statusOf } from './model.js';
import { Refusal } from './refusal.js';
import { PDF_FAULTS, sendPdf } from './routes/answers.js';
import { askedFault, sceneOf } from './routes/asked-fault.js';
import type { World } from './world.js';

/**
 * The private bucket that download links lead to: another origin than the API's. A bearer token has no business here, so a request that carries one
 * is refused and counted (Atlas notes 26.20).
 */
export function createBucket(world: World): FastifyInstance {
  const app = Fastify({ logger: false, forceCloseConnections: true });
  app.get<{ Params: { file: string } }>('/signed/:file', async (request, reply) => {
    try {
      return await download(world, request.params.file, request, reply);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return reply.code(error.status).type('application/xml').send(xml(error.code, error.message));
    }
  });
  return app;
}

async function download(
  world: World,
  file: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { store, faults } = world;
  if (request.headers.authorization !== undefined) {
    store.transact(() => {
      store.leaks.put({ id: randomUUID(), at: world.clock.now().toISOString(), path: `/signed/${file}` });
    });
    throw new Refusal(400, 'InvalidArgument', 'Only one auth mechanism allowed');
  }
  const id = file.replace(/\.pdf$/, '');
  const scene = sceneOf(request, id);
  const asked = askedFault(request, ['pdf', 'link']);
  const query = new URLSearchParams(request.url.split('?')[1] ?? '');
  const allowed = world.links.mayDownload(id, query.get('expires') ?? '', query.get('signature') ?? '');
  if (!allowed || faults.take(['expired-link'], scene, asked) !== null) {
    throw new Refusal(403, 'AccessDenied', 'The link is wrong or has expired');
  }
  const envelope = store.envelopes.get(id);
  if (envelope === undefined || statusOf(envelope) !== 'signed') {
    throw new Refusal(404, 'NoSuchKey', 'There is no such file');
  }
  const pdf = await world.signedPdfs.of(envelope);
  reply.header('content-disposition', `attachment; filename="${id}.pdf"`);
  return sendPdf(reply, pdf, faults.take(PDF_FAULTS, scene, asked));
}

function xml(code: string, message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
