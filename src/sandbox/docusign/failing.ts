/** Carries out the faults of calls, between the caller and the stand-in. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, Faults } from './faults.js';
import { pathOf } from './paths.js';
import { Refusal } from './refusal.js';
import type { Switches } from './settings.js';

const HTML = '<!DOCTYPE html><html><body><h1>Service unavailable</h1></body></html>';

export function addFaults(app: FastifyInstance, faults: Faults, switches: Switches, stopped: AbortSignal): void {
  const later = new WeakMap<FastifyRequest, Fault>();

  app.addHook('onRequest', async (request, reply) => {
    const path = pathOf(request);
    if (path.startsWith('/_sandbox')) return;
    const envelope = /\/envelopes\/([^/]+)/.exec(path)?.[1] ?? null;
    const isDownload = request.method === 'GET' && /\/documents\/[^/]+$/.test(path);
    const fault = faults.ofCall({ route: `${request.method} ${path}`, envelope, event: null }, isDownload);
    if (!fault) return;
    if (['error-after', 'drop-after', 'truncated-pdf'].includes(fault.kind)) later.set(request, fault);
    else await now(fault, request, reply);
  });

  app.addHook('onSend', async (request, reply, payload: unknown) => {
    const fault = later.get(request);
    if (!fault) return payload;
    later.delete(request);
    if (fault.kind === 'drop-after') {
      request.raw.socket.destroy();
      return payload;
    }
    if (fault.kind === 'truncated-pdf') return Buffer.isBuffer(payload) ? halved(fault, reply, payload) : payload;
    reply
      .code(fault.status ?? 500)
      .type('application/json; charset=utf-8')
      .removeHeader('content-length');
    return JSON.stringify({ errorCode: fault.code ?? 'UNSPECIFIED_ERROR', message: 'An error occurred.' });
  });

  async function now(fault: Fault, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    switch (fault.kind) {
      case 'latency':
        await pause(fault.ms, undefined, { signal: stopped }).catch(() => undefined);
        return;
      case 'error':
        throw new Refusal(fault.status ?? 500, fault.code ?? 'UNSPECIFIED_ERROR', 'An error occurred.');
      case 'rate-limit':
        throw new Refusal(
          fault.status ?? switches.limit_status,
          fault.code ?? 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED',
          'The maximum number of hourly API invocations has been exceeded.',
        );
      case 'html':
        await reply
          .code(fault.status ?? 503)
          .type('text/html; charset=utf-8')
          .send(HTML);
        return;
      case 'empty':
        await reply.code(fault.status ?? 444).send();
        return;
      case 'hang':
        reply.hijack();
        return;
      default:
        reply.hijack();
        request.raw.socket.destroy();
    }
  }
}

/** Half of a PDF, of a length that says so, or of the length of the whole with a connection that ends early. */
function halved(fault: Fault, reply: FastifyReply, pdf: Buffer): Buffer | Readable {
  const half = pdf.subarray(0, Math.floor(pdf.length / 2));
  reply.header('content-length', String(fault.content_length === 'cut' ? half.length : pdf.length));
  return fault.content_length === 'cut' ? half : Readable.from(breakingOff(half));
}

async function* breakingOff(half: Buffer): AsyncGenerator<Buffer> {
  yield half;
  throw new Error('the connection ends here');
}
