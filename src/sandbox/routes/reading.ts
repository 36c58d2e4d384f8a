import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Refusal } from '../refusal.js';

/** Reads a request's values; 400 that names the first value that is wrong. */
export function read<T extends z.ZodType>(schema: T, values: unknown): z.output<T> {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.join('.') ?? '';
  throw new Refusal(400, 'bad_request', `${path === '' ? '' : `${path}: `}${issue?.message ?? 'malformed'}`);
}

/** Throws 403 for a caller on another machine. */
export function requireLoopback(ip: string): void {
  if (!/^(127\.|::1$|::ffff:127\.)/.test(ip)) throw new Refusal(403, 'loopback_only', 'Only from this machine');
}

const pathSchema = z.object({ id: z.string().default('') });

/** The `:id` of a request's path; empty where the route has none. */
export function pathId(request: FastifyRequest): string {
  return pathSchema.parse(request.params).id;
}
