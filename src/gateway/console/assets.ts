/** The style sheet and the script as addresses that change with their content: a browser keeps them until then. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';

export const STYLE_PATH = addressOf('/console/style.css', STYLE);
export const SCRIPT_PATH = addressOf('/console/console.js', SCRIPT);

/** Open to all: they tell nothing. */
export function addAssets(app: FastifyInstance): void {
  const send = (reply: FastifyReply, type: string, text: string, path: string, asked: string) =>
    reply
      .type(`${type}; charset=utf-8`)
      // While gateways of two versions run, one may be asked for the other's: it answers its own, and that is not kept.
      .header('cache-control', asked === path ? 'public, max-age=31536000, immutable' : 'no-cache')
      .send(text);
  app.get('/console/style.css', async (request, reply) => send(reply, 'text/css', STYLE, STYLE_PATH, request.url));
  app.get('/console/console.js', async (request, reply) =>
    send(reply, 'text/javascript', SCRIPT, SCRIPT_PATH, request.url),
  );
}

function addressOf(path: string, text: string): string {
  return `${path}?v=${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}
