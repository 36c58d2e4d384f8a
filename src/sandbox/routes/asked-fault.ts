import type { FastifyRequest } from 'fastify';
import { badHeader, FAULTS, readFaultHeader, type Fault, type Target } from '../fault.js';
import type { Scene } from '../faults.js';
import { pathId, requireLoopback } from './reading.js';

/**
 * The fault that a caller asks for with `X-Sandbox-Fault`, for this call alone. 400 when it cannot be read or cannot strike here, 403 for callers of
 * other machines.
 */
export function askedFault(request: FastifyRequest, targets: readonly Target[]): Fault | null {
  const header = request.headers['x-sandbox-fault'];
  if (header === undefined) return null;
  requireLoopback(request.ip);
  const fault = readFaultHeader(String(header));
  const { strikes } = FAULTS[fault.kind];
  if (!targets.includes(strikes)) throw badHeader(`${fault.kind} cannot happen to ${sceneOf(request).routes[0] ?? ''}`);
  return fault;
}

export function sceneOf(request: FastifyRequest, envelope = pathId(request)): Scene {
  const { url = request.url } = request.routeOptions;
  const routes = [url, request.url.split('?')[0] ?? ''].map((path) => `${request.method} ${path}`);
  return { routes, envelope, event: null };
}
