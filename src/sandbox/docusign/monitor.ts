/** Monitor: the log of an organization's events, as `lens` (v2.0) and as the organization's stream (v1 of `api.docusign.com`). */
import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { invalidParameter, Refusal } from './refusal.js';
import type { Bearer, StandInContext } from './world.js';

const WEEK_MS = 7 * 24 * 3_600_000;
const TICKS_OF_1970 = 621_355_968_000_000_000n;

/** What DocuSign leaves open about Monitor, by `POST /_sandbox/docusign/monitor/settings`. */
const monitorSwitches = z.strictObject({
  /** Calls that come sooner than this after the last one are refused; DocuSign asks for a minute. */
  interval_ms: z.number().int().min(0).default(60_000),
  /** Status of a throttled call; not documented. */
  throttle_status: z.union([z.literal(429), z.literal(400)]).default(429),
  /** Rows a page where `limit` is ignored; null honours it. */
  page_rows: z.number().int().min(1).nullable().default(null),
  /** Every so many pages have no rows but a new cursor; 0: none. */
  empty_every: z.number().int().min(0).default(0),
  /** Whether answers have an `endCursor`. */
  end_cursor: z.boolean().default(true),
  /** Whether cursors that were handed out are still taken. */
  known_cursors: z.boolean().default(true),
  /** Whether the caller has the role for it. */
  role: z.boolean().default(true),
});

interface Logged {
  row: unknown;
  at: number;
}

type Query = { cursor?: string; limit?: string };

export function addMonitor(context: StandInContext): void {
  const { app, now } = context;
  const log: Logged[] = [];
  const counts = { calls: 0, throttled: 0, refused: 0, rowsServed: 0 };
  /** Cursors by the call they came with, for tests that look for gaps. */
  const cursors: (string | null)[] = [];
  let switches = monitorSwitches.parse({});
  let lastCallAt = -Infinity;
  let pages = 0;
  context.counts.set('monitor', () => ({ ...counts, rows: log.length }));

  function page(request: FastifyRequest<{ Querystring: Query }>, bearer: Bearer) {
    counts.calls += 1;
    const since = now() - lastCallAt;
    if (since < switches.interval_ms) {
      counts.throttled += 1;
      throw new Refusal(switches.throttle_status, 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED', 'Too many requests.');
    }
    lastCallAt = now();
    const { cursor, limit } = request.query;
    cursors.push(cursor ?? null);
    if (!switches.role || !isAdministrator(context, bearer)) {
      counts.refused += 1;
      throw new Refusal(403, 'UNAUTHORIZED', 'error getting lens data unauthorized reference id');
    }
    const from = placeOf(cursor);
    pages += 1;
    const empty = switches.empty_every > 0 && pages % switches.empty_every === 0;
    const rows = empty ? [] : log.slice(from, from + (switches.page_rows ?? limitOf(limit))).map(({ row }) => row);
    counts.rowsServed += rows.length;
    // An empty page hands out another cursor for the same place; at the end the same one comes back.
    const end = !empty && rows.length === 0 && cursor?.startsWith('aa_') ? cursor : cursorOf(from + rows.length);
    return { rows, ...(switches.end_cursor && { endCursor: end }) };
  }

  function placeOf(cursor: string | undefined): number {
    const place = /^aa_\d+_\d+_(\d+)$/.exec(cursor ?? '')?.[1];
    if (place !== undefined && switches.known_cursors && Number(place) <= log.length) return Number(place);
    const at = cursor === undefined ? now() - WEEK_MS : Date.parse(cursor);
    if (Number.isNaN(at)) {
      counts.refused += 1;
      throw invalidParameter('cursor is no cursor.');
    }
    const first = log.findIndex((logged) => logged.at >= at);
    return first === -1 ? log.length : first;
  }

  function cursorOf(place: number): string {
    const ticks = TICKS_OF_1970 + BigInt(log[place - 1]?.at ?? 0) * 10_000n;
    return `aa_${ticks}_${ticks + BigInt(pages)}_${place}`;
  }

  app.get<{ Querystring: Query }>('/api/v2.0/datasets/monitor/stream', async (request, reply) => {
    const { rows, ...rest } = page(request, context.bearer(request));
    return reply.header('api-supported-versions', '2.0').send({ ...rest, data: rows });
  });
  app.get<{ Querystring: Query; Params: { organizationId: string } }>(
    '/v1/organizations/:organizationId/stream',
    async (request) => {
      const bearer = context.bearer(request);
      if (!isOfCaller(context, bearer, request.params.organizationId))
        throw new Refusal(403, 'UNAUTHORIZED', 'error getting data unauthorized reference id');
      const { rows, ...rest } = page(request, bearer);
      return { ...rest, resultData: rows };
    },
  );

  const control = '/_sandbox/docusign/monitor';
  app.get(control, async () => ({ ...counts, rows: log.map(({ row }) => row), cursors, settings: switches }));
  app.post(`${control}/settings`, async (request) => {
    const given = monitorSwitches.safeParse({ ...switches, ...(request.body as object) });
    if (!given.success) throw invalidParameter(given.error.issues[0]?.message ?? '');
    return (switches = given.data);
  });
  /** `{count}` more events, `{events}` with some fields of their own, `{rows}` exactly as they are. `at`: when they are told, not when they happened. */
  app.post(`${control}/events`, async (request, reply) => {
    const given = addition.safeParse(request.body);
    if (!given.success) throw invalidParameter(given.error.issues[0]?.message ?? '');
    const { count, events, rows, at } = given.data;
    const partial = [...events, ...Array.from({ length: count }, () => ({}))];
    const added = [...partial.map((fields) => ({ ...anEvent(context), ...fields })), ...rows];
    for (const row of added) log.push({ row, at: at === null ? now() : Date.parse(at) });
    return reply.code(201).send({ rows: added });
  });
}

const addition = z.strictObject({
  count: z.number().int().min(0).max(100_000).default(0),
  events: z.array(z.record(z.string(), z.unknown())).default([]),
  rows: z.array(z.unknown()).default([]),
  at: z.iso.datetime().nullable().default(null),
});

export function isAdministrator({ users }: StandInContext, { userId }: Bearer): boolean {
  return users.find((user) => user.userId === userId)?.isAdmin ?? false;
}

/** Whether the caller's accounts belong to the organization. */
export function isOfCaller({ accounts }: StandInContext, { accountIds }: Bearer, organizationId: string): boolean {
  return accounts.some(
    (account) => account.organizationId === organizationId && accountIds.includes(account.accountId),
  );
}

function limitOf(limit: string | undefined): number {
  const asked = Number(limit ?? 1000);
  if (!Number.isInteger(asked) || asked < 1) throw invalidParameter('limit is no number.');
  return Math.min(asked, 2000);
}

function anEvent({ now, accounts, users }: StandInContext): Record<string, unknown> {
  return {
    timestamp: new Date(now()).toISOString().replace(/(\.\d{3})Z$/, '$14567Z'),
    eventId: randomUUID(),
    site: 'DEMO',
    accountId: accounts[0]?.accountId,
    organizationId: accounts[0]?.organizationId,
    userId: users[0]?.userId,
    integratorKey: '##DOCUSIGN_INTERNAL_NOT_USED##',
    userAgent: 'Mozilla/5.0',
    ipAddress: '192.0.2.10',
    object: 'Envelope',
    action: 'Created',
    result: 'Success',
    source: 'API',
    os: 'Linux',
    browser: 'Firefox',
    city: 'Example',
    country: 'XX',
    latitude: 0,
    longitude: 0,
    data: { EnvelopeId: randomUUID() },
  };
}
