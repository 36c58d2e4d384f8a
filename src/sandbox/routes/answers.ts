import type { FastifyReply } from 'fastify';
import type { Fault } from '../fault.js';
import { htmlError, Refusal, renderError } from '../refusal.js';
import type { World } from '../world.js';

/** What a route answers: JSON, a redirect, or a PDF. */
export type Answer = { status: number; body: unknown; envelopeId?: string } | { redirect: string } | { pdf: Buffer };

export type Settled = Answer | { refusal: Refusal };

export function respond(
  world: World,
  reply: FastifyReply,
  settled: Settled,
  pdfFault: () => Fault<PdfFaultKind> | null,
): FastifyReply {
  if ('refusal' in settled) return refuse(world, reply, settled.refusal);
  if ('redirect' in settled) return reply.redirect(settled.redirect, 302);
  if ('pdf' in settled) return sendPdf(reply, settled.pdf, pdfFault());
  return reply.code(settled.status).type('application/json').send(JSON.stringify(settled.body));
}

/** A refusal in the error style of the moment. */
export function refuse(world: World, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status, code, message, retryAfter } = refusal;
  const { contentType, body } = renderError(status, code, message, world.switches.now.error_style);
  if (retryAfter !== null) reply.header('retry-after', String(retryAfter));
  return reply.code(status).header('content-type', contentType).send(body);
}

export const INSTEAD_OF_CALL = ['error', 'rate-limit', 'html', 'drop-before'] as const;
export const INSTEAD_OF_ANSWER = ['error-after', 'drop-after'] as const;
export const PDF_FAULTS = ['truncated-pdf', 'empty-pdf'] as const;
export type PdfFaultKind = (typeof PDF_FAULTS)[number];
type AnswerFault = Fault<(typeof INSTEAD_OF_CALL)[number] | (typeof INSTEAD_OF_ANSWER)[number]>;

/** What the caller gets in place of the answer: an error in today's style, a page of some proxy, or nothing at all. */
export function answerWrongly(world: World, reply: FastifyReply, fault: AnswerFault): FastifyReply {
  switch (fault.kind) {
    case 'rate-limit':
      return refuse(world, reply, new Refusal(429, 'rate_limited', 'Too many requests', fault.retryAfter));
    case 'error':
    case 'error-after':
      return refuse(world, reply, new Refusal(fault.status, 'server_error', 'Something went wrong', fault.retryAfter));
    case 'html': {
      const { contentType, body } = htmlError(fault.status);
      return reply.code(fault.status).header('content-type', contentType).send(body);
    }
    case 'drop-before':
    case 'drop-after':
      reply.hijack().raw.destroy();
      return reply;
  }
}

/** A PDF whole, or as a broken store would hand it out. */
export function sendPdf(reply: FastifyReply, pdf: Buffer, fault: Fault<PdfFaultKind> | null): FastifyReply {
  reply.type('application/pdf');
  if (fault === null) return reply.send(pdf);
  if (fault.kind === 'empty-pdf') return reply.send(Buffer.alloc(0));
  const half = pdf.subarray(0, Math.floor(pdf.length / 2));
  if (fault.contentLength === 'cut') return reply.send(half);
  const { raw } = reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, { 'content-length': pdf.length }).write(half, () => raw.destroy());
  return reply;
}
