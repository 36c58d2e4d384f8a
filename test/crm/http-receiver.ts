/** A CRM's side of the `http` contract: checks every signature over the raw bytes, drops repeats, applies versions. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { CrmRecord } from '../../src/deal/state.js';

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export interface Attachment {
  name: string;
  sha256: string;
  round: number;
  envelopeId: string;
  bytes: Buffer;
}

export interface Receiver {
  url: string;
  seen: SeenRequest[];
  stored(dealId: string, round: number): CrmRecord | undefined;
  /** By version. */
  notes(dealId: string, round: number): string[];
  attachments(dealId: string, round: number): Attachment[];
  /** Answers the next request itself, instead of the CRM. */
  next(answer: (response: ServerResponse) => void): void;
  close(): Promise<void>;
}

export async function aReceiver(key: Buffer): Promise<Receiver> {
  const seen: SeenRequest[] = [];
  const deals = new Map<string, CrmRecord>();
  const notes = new Map<string, Map<number, string>>();
  const files = new Map<string, Attachment[]>();
  const done = new Set<string>();
  const answers: ((response: ServerResponse) => void)[] = [];

  async function take(request: SeenRequest): Promise<number> {
    const { headers, path, body } = request;
    const id = headers['webhook-id'];
    if (typeof id !== 'string' || !isSigned(key, id, request)) return 401;
    if (headers['idempotency-key'] !== id) return 400;
    if (done.has(id)) return 200;
    const [, dealId, rest] = /^\/crm\/deals\/([^/]+)(\/attachments)?$/.exec(path) ?? [];
    if (dealId === undefined) return 404;
    if (rest === undefined) applyRecord(decodeURIComponent(dealId), body);
    else if (!(await applyAttachment(decodeURIComponent(dealId), headers['content-type'] ?? '', body))) return 422;
    done.add(id);
    return 200;
  }

  function applyRecord(dealId: string, body: Buffer): void {
    const { note, ...record } = JSON.parse(body.toString('utf8')) as CrmRecord;
    const at = `${dealId} ${record.round}`;
    const noted = notes.get(at) ?? new Map<number, string>();
    if (note !== undefined && !noted.has(record.version)) notes.set(at, noted.set(record.version, note));
    if (record.version > (deals.get(at)?.version ?? 0)) deals.set(at, record);
  }

  async function applyAttachment(dealId: string, contentType: string, body: Buffer): Promise<boolean> {
    // The platform's own parser reads what the driver wrote.
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
    const file = form.get('file');
    if (!(file instanceof File)) return false;
    const bytes = Buffer.from(await file.arrayBuffer());
    const text = (field: string) => {
      const value = form.get(field);
      return typeof value === 'string' ? value : '';
    };
    if (createHash('sha256').update(bytes).digest('hex') !== text('sha256')) return false;
    const round = Number(text('round'));
    const at = `${dealId} ${round}`;
    const held = files.get(at) ?? [];
    if (held.every(({ sha256 }) => sha256 !== text('sha256'))) {
      held.push({ name: text('name'), sha256: text('sha256'), round, envelopeId: text('envelopeId'), bytes });
    }
    files.set(at, held);
    return true;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    const incoming: AsyncIterable<Buffer> = request;
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = '', url = '', headers } = request;
    const met = { method, path: url, headers, body: Buffer.concat(chunks) };
    seen.push(met);
    const answer = answers.shift();
    if (answer) answer(response);
    else response.writeHead(await take(met)).end('{}');
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;

  return {
    url: `http://127.0.0.1:${port}/crm/`,
    seen,
    stored: (dealId, round) => deals.get(`${dealId} ${round}`),
    notes(dealId, round) {
      const noted = notes.get(`${dealId} ${round}`) ?? new Map<number, string>();
      return [...noted].sort(([a], [b]) => a - b).map(([, note]) => note);
    },
    attachments: (dealId, round) => files.get(`${dealId} ${round}`) ?? [],
    next: (answer) => void answers.push(answer),
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function isSigned(key: Buffer, id: string, { headers, body }: SeenRequest): boolean {
  const timestamp = String(headers['webhook-timestamp']);
  if (Math.abs(Number(timestamp) * 1000 - Date.now()) > 300_000) return false;
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const expected = Buffer.from(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  const given = Buffer.from(String(headers['webhook-signature']));
  return given.length === expected.length && timingSafeEqual(given, expected);
}
