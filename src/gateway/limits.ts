/**
 * How much each may ask of the gateway. Counted in this process alone: with several gateways everybody may ask that much of each. Health checks
 * are never counted.
 */
import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problem.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `none`: health checks. `signed`: what shows its own signature or secret. `link`: each answer costs a call to the provider. */
    limit?: 'none' | 'signed' | 'link';
  }
}

/** Requests a minute. */
export interface Limits {
  /** Of one address, whatever it asks. Far above what a burst of webhooks takes: 2,000 in 10 s. */
  address: number;
  /** Of one address, for what is open to all: the login page, style and script, /openapi.json, what there is not. */
  open: number;
  /** Of one address, with a token, a session or a signature that does not count. */
  refused: number;
  /** Of one caller, by its token. */
  caller: number;
  /** Of one caller, for links to the provider's pages. */
  links: number;
}

export const LIMITS: Limits = { address: 30_000, open: 3_000, refused: 240, caller: 12_000, links: 120 };

const MINUTE_MS = 60_000;
/** How long an address counts as one that friends come from. */
const KNOWN_MS = 60 * MINUTE_MS;

type Counter = ReturnType<FastifyInstance['createRateLimit']>;

/** Must come before the guard, whose refusals are counted. */
export function limitRequests(app: FastifyInstance, limits: Limits): void {
  void app.register(rateLimit, { global: false });
  app.after(() => {
    const counter = (max: number, keyGenerator: (request: FastifyRequest) => string): Counter =>
      app.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator });
    const ofAddress = counter(limits.address, addressOf);
    const ofOpen = counter(limits.open, addressOf);
    const ofRefused = counter(limits.refused, addressOf);
    const ofCaller = counter(limits.caller, callerOf);
    const ofLinks = counter(limits.links, callerOf);
    const known = createKnown();

    app.addHook('onRequest', async (request) => {
      const { limit, deed } = request.routeOptions.config;
      if (limit === 'none') return;
      await spend(ofAddress, request);
      if (limit !== 'signed' && deed === undefined) await spend(ofOpen, request);
      // Somebody else behind the same proxy must not be able to shut out who is known.
      if (!known.has(addressOf(request))) await spend(ofRefused, request, { increment: false });
    });

    // The console knows its visitor only after its own hooks; nothing of the body has been read yet.
    app.addHook('preParsing', async (request) => {
      if (request.caller === null) return;
      await spend(ofCaller, request);
      if (request.routeOptions.config.limit === 'link') await spend(ofLinks, request);
    });

    app.addHook('onResponse', async (request, reply) => {
      const { statusCode: status } = reply;
      if (status === 401) await ofRefused(request);
      const proven = request.caller !== null || request.routeOptions.config.limit === 'signed';
      if (proven && status < 400) known.add(addressOf(request));
    });
  });
  warnOfUnknownProxy(app);
}

async function spend(counter: Counter, request: FastifyRequest, options?: { increment: boolean }): Promise<void> {
  const state = await counter(request, options);
  if (state.isAllowed) return;
  // A look that counts nothing finds the limit reached, not exceeded.
  const over = options?.increment === false ? state.remaining === 0 : state.isExceeded;
  if (!over) return;
  const seconds = String(Math.max(1, state.ttlInSeconds));
  const detail = `Too many requests: at most ${state.max} of this kind a minute. Try again in ${seconds} s.`;
  throw new Problem(429, 'too-many-requests', detail, {}, { 'retry-after': seconds });
}

/** As the proxies of TRUST_PROXY tell it; of IPv6 the network, since one machine may have any number of addresses in it. */
function addressOf(request: FastifyRequest): string {
  return normalizeIP(request.ip);
}

function callerOf({ caller }: FastifyRequest): string {
  return caller ? `${caller.role} ${caller.name}` : '';
}

function createKnown(): { has(address: string): boolean; add(address: string): void } {
  const until = new Map<string, number>();
  return {
    has: (address) => (until.get(address) ?? 0) > Date.now(),
    add(address) {
      until.delete(address);
      until.set(address, Date.now() + KNOWN_MS);
      const [oldest] = until.keys();
      if (until.size > 5_000 && oldest !== undefined) until.delete(oldest);
    },
  };
}

/** Behind a proxy that is not known as one all callers have its address, and share what one address may ask. */
function warnOfUnknownProxy(app: FastifyInstance): void {
  let told = false;
  app.addHook('onRequest', async (request) => {
    if (told || request.headers['x-forwarded-for'] === undefined || request.ips !== undefined) return;
    told = true;
    request.log.warn(
      'requests come through a proxy, so limits by address hold for all of them together: set TRUST_PROXY',
    );
  });
}
