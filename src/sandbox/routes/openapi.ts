import type { FastifyInstance } from 'fastify';
import { openApiDocument } from '../openapi.js';
import { Refusal } from '../refusal.js';
import type { World } from '../world.js';
import { refuse } from './answers.js';

/** The API's description of itself: open to all (Atlas notes 1), at both places where one was seen. */
export function addOpenApi(app: FastifyInstance, world: World): void {
  for (const url of ['/openapi.json', '/api/openapi.json']) {
    app.get(url, async (_request, reply) => {
      const settings = world.switches.now;
      if (settings.openapi === 'missing') return refuse(world, reply, new Refusal(404, 'not_found', 'Not found'));
      return reply.type('application/json').send(JSON.stringify(openApiDocument(settings)));
    });
  }
}
