/** A stand-in for one Salesforce organization, as strict as the public documentation. In memory; what it holds ends with it. */
import type { KeyObject } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { ApiError } from './error.js';
import { Faults, type Answer } from './faults.js';
import { describeOf, standardObjects, type Field } from './objects.js';
import { Outbound } from './outbound.js';
import { answerQuery } from './query.js';
import { MOST_BODY_BYTES, Records, withSuffix } from './records.js';
import { Tokens } from './token.js';

export interface SalesforceOptions {
  host?: string;
  /** 0, the default, takes a free port. */
  port?: number;
  clientId: string;
  /** Of the certificate that was uploaded to the app. */
  publicKey: KeyObject;
  /** Names of users; those of `approved` may use the app, by default all. */
  users: readonly string[];
  approved?: readonly string[];
  /** Fields of the company's own on the opportunity. */
  fields?: Record<string, Field>;
  stages?: readonly string[];
  organizationId?: string;
  /** Rows of one page of a query. */
  pageSize?: number;
  /** Calls that are let through within 24 hours. */
  requests?: number;
}

export interface SalesforceCall {
  method: string;
  /** With its query. */
  path: string;
  body: unknown;
}

export interface Salesforce {
  url: string;
  organizationId: string;
  /** Reads and changes records as a person there would. */
  records: Records;
  /** Moves a deal as a person would, which sends an outbound message where an endpoint is set. */
  moveTo(opportunityId: string, stage: string): void;
  /** Every call of the API that came in, in order. */
  calls: readonly SalesforceCall[];
  tokens: Tokens;
  faults: Faults;
  outbound: Outbound;
  close(): Promise<void>;
}

const STAGES = ['Prospecting', 'Contract Requested', 'Contract Drafted', 'Closed Won', 'Closed Lost'];
const DATA = /^\/services\/data\/v\d\d\.0(\/.*)$/;

export async function startSalesforce(options: SalesforceOptions): Promise<Salesforce> {
  const organizationId = options.organizationId ?? withSuffix('00DWx0000000001');
  const objects = standardObjects(options.stages ?? STAGES);
  Object.assign(objects['Opportunity']?.fields ?? {}, options.fields);
  const records = new Records(objects);
  const { clientId, publicKey, users, approved = users } = options;
  const tokens = new Tokens({ clientId, publicKey, approved }, users, organizationId);
  const faults = new Faults();
  const outbound = new Outbound(organizationId);
  const calls: SalesforceCall[] = [];
  const cursors = new Map<string, Record<string, unknown>[]>();
  const pageSize = options.pageSize ?? 2000;
  let left = options.requests ?? 100_000;

  const app = Fastify({ logger: false, forceCloseConnections: true, bodyLimit: MOST_BODY_BYTES });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  app.post('/services/oauth2/token', async (request, reply) => {
    const { status, body } = await tokens.ask(
      new URLSearchParams(typeof request.body === 'string' ? request.body : ''),
      urlOf(app),
    );
    return reply.code(status).header('cache-control', 'no-store').send(body);
  });

  app.all('/services/data/*', async (request, reply) => {
    const path = DATA.exec(request.url)?.[1] ?? '';
    const body = parsed(request.body);
    calls.push({ method: request.method, path, body });
    const fault = faults.take(`${request.method} ${path}`);
    if (fault === 'silence') return reply.hijack();
    if (fault === 'before') return hangUp(request, reply);
    if (typeof fault === 'object' && fault !== null) return send(reply, fault);
    const answer = answerTo(request, path, body);
    return fault === 'after' ? hangUp(request, reply) : send(reply, answer);
  });

  function answerTo(request: FastifyRequest, path: string, body: unknown): Answer {
    try {
      if (!tokens.isLive(request.headers.authorization))
        throw new ApiError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
      if (left === 0) throw new ApiError(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');
      left -= 1;
      const said = route(request, new URL(path, urlOf(app)), body);
      return said === undefined ? { status: 204, body: '' } : json(request.method === 'POST' ? 201 : 200, said);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return json(error.status, error.body());
    }
  }

  function route(request: FastifyRequest, { pathname, searchParams }: URL, body: unknown): unknown {
    const [, area = '', name = '', rest = ''] = pathname.split('/');
    const call = `${request.method} ${area}`;
    if (call === 'GET query' || call === 'GET queryAll')
      return name === '' ? firstPage(searchParams.get('q') ?? '', area === 'queryAll') : nextPage(name);
    if (area !== 'sobjects' || !records.objects[name])
      throw new ApiError(404, 'NOT_FOUND', 'The requested resource does not exist');
    if (call === 'GET sobjects' && rest === 'describe') return describeOf(name, records.object(name));
    if (call === 'POST sobjects' && rest === '')
      return { id: records.insert(name, fieldsIn(body)), success: true, errors: [] };
    if (call === 'PATCH sobjects' && rest !== '') return void change(name, rest, fieldsIn(body));
    throw new ApiError(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${request.method}' not allowed.`);
  }

  function change(name: string, id: string, fields: Record<string, unknown>): void {
    const before = records.find(name, id)?.['StageName'];
    records.update(name, id, fields);
    const row = records.find(name, id);
    if (name === 'Opportunity' && row && row['StageName'] !== before) outbound.changed(String(row['Id']));
  }

  function firstPage(soql: string, withDeleted: boolean): unknown {
    return page(answerQuery(records, soql, withDeleted), 0);
  }

  function nextPage(locator: string): unknown {
    const [cursor = '', start = ''] = locator.split('-');
    const rows = cursors.get(cursor);
    if (!rows) throw new ApiError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
    return page(rows, Number(start), cursor);
  }

  function page(rows: readonly Record<string, unknown>[], start: number, known?: string): unknown {
    const end = start + pageSize;
    const answer = { totalSize: rows.length, records: rows.slice(start, end) };
    if (end >= rows.length) return { ...answer, done: true };
    const cursor = known ?? withSuffix(`01gWx0000${String(cursors.size + 1).padStart(6, '0')}`);
    cursors.set(cursor, [...rows]);
    return { ...answer, done: false, nextRecordsUrl: `/services/data/v62.0/query/${cursor}-${end}` };
  }

  await app.listen({ host: options.host ?? '127.0.0.1', port: options.port ?? 0 });
  return {
    url: urlOf(app),
    organizationId,
    records,
    moveTo: (id, stage) => change('Opportunity', id, { StageName: stage }),
    calls,
    tokens,
    faults,
    outbound,
    close: async () => {
      outbound.close();
      await app.close();
    },
  };
}

function json(status: number, body: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json;charset=UTF-8' }, body: JSON.stringify(body) };
}

function send(reply: FastifyReply, { status, headers = {}, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}

function hangUp(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}

function parsed(body: unknown): unknown {
  if (typeof body !== 'string' || body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function fieldsIn(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { ...body };
  throw new ApiError(
    400,
    'JSON_PARSER_ERROR',
    'The HTTP entity body is required, but this request has no entity body.',
  );
}

function urlOf(app: FastifyInstance): string {
  const address = app.server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}
