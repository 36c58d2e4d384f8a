import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/server.js';
import { aPdf } from './documents.js';

export const KEY = 'sandbox-key';
const PDF = await aPdf(2);

interface PartyBody {
  email: string;
  name: string | null;
  order: number;
  status: string | null;
  sign_url?: string;
}

export interface FieldBody {
  id: string;
  type: string;
  page: number;
  x_pct: number;
  y_pct: number;
  w_pct: number;
  h_pct: number;
  party_index: number | null;
  party_order: number | null;
  value: string | null;
}

/** The union of what the API's answers may hold; a test reads what it is about. */
export interface ApiBody {
  id: string;
  envelope_id: string;
  status: string;
  code: string;
  message: string;
  error: unknown;
  review_url: string;
  sign_url: string | null;
  fields_status: string;
  fields_version: number;
  fields: FieldBody[];
  parties: PartyBody[];
  party: PartyBody;
  metadata: Record<string, unknown>;
  document: { name: string; pages: number | null; sha256: string; source: string };
  signed_download_url: string;
  signed_count: number;
  total: number;
  next_signer_email: string | null;
  decline_reason: string | null;
  void_reason: string | null;
  credit_refunded: boolean;
  reminded: string;
  envelopes: { envelope_id: string; status: string }[];
  next_cursor: string | null;
  roles: string[];
  prefill_keys: string[];
  updated_at: string;
}

/** A rule of what is to go wrong, as it is written to the sandbox. */
export interface FaultRule {
  kind: string;
  route?: string;
  envelope?: string;
  event?: string;
  times?: number;
  share?: number;
  ms?: number;
  status?: number;
  retry_after?: number;
  content_length?: string;
}

export interface LiveFaults {
  faults: (FaultRule & { happened: number })[];
  counts: Record<string, number>;
}

export interface Answered {
  status: number;
  body: ApiBody;
  text: string;
  headers: Headers;
}

export interface SandboxState {
  envelopes: number;
  drafts: number;
  sends: number;
  voids: number;
  credits: Record<string, number>;
  spent: Record<string, number>;
  refunded: Record<string, number>;
  mails: number;
  deliveries: Record<string, number>;
  attempts: number;
  bucketAuthorizationLeaks: number;
  duplicates: { externalIds: number; sends: number };
  faults: Record<string, number>;
  settings: Record<string, unknown>;
}

export interface EnvelopeRecord {
  id: string;
  status: string;
  review_url: string;
  parties: { email: string; status: string; sign_url: string; token: string; ip: string | null }[];
  deliveries: {
    event: string;
    body: string;
    state: string;
    createdAt: string;
    attempts: { at: string; status: number | null }[];
  }[];
  mails: { to: string; kind: string }[];
  calls: { method: string; path: string; status: number; replayed: boolean; transport: string | null }[];
}

/** A sandbox of the test's own, and the words to talk to it; gone when the test is. */
export class AtlasSandbox {
  constructor(
    readonly sandbox: Pick<Sandbox, 'url' | 'bucketUrl' | 'stop'>,
    private readonly key = KEY,
  ) {}

  /** The same sandbox, called with another API key. */
  as(key: string): AtlasSandbox {
    return new AtlasSandbox(this.sandbox, key);
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answered> {
    const form = body instanceof FormData;
    const response = await fetch(this.sandbox.url + path, {
      method,
      redirect: 'manual',
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(form || body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: form || typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.startsWith('application/json') === true;
    return {
      status: response.status,
      body: (json ? JSON.parse(text) : {}) as ApiBody,
      text,
      headers: response.headers,
    };
  }

  async get(path: string): Promise<ApiBody> {
    return (await this.call('GET', path)).body;
  }

  /** Creates a draft from a two-page PDF for Ana, then Bob, unless told otherwise. */
  async create(body: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<ApiBody> {
    const answered = await this.call('POST', '/api/envelope', { ...aCreate(), ...body }, headers);
    if (answered.status >= 300) throw new Error(`create answered ${answered.status}: ${answered.text}`);
    return answered.body;
  }

  /** A draft whose detection has ended. Returns its id. */
  async draft(body: Record<string, unknown> = {}): Promise<string> {
    const { envelope_id: id } = await this.create(body);
    await this.detected(id);
    return id;
  }

  /** A sent envelope. Returns its id. */
  async sent(body: Record<string, unknown> = {}): Promise<string> {
    const id = await this.draft(body);
    const answered = await this.call('POST', `/api/envelope/${id}/send`, {});
    if (answered.status !== 200) throw new Error(`send answered ${answered.status}: ${answered.text}`);
    return id;
  }

  /** A completed envelope. Returns its id. */
  async signed(body: Record<string, unknown> = {}): Promise<string> {
    const id = await this.sent(body);
    while ((await this.get(`/api/envelope/${id}`)).status === 'pending') await this.sign(id);
    return id;
  }

  async detected(id: string): Promise<ApiBody> {
    return vi.waitFor(
      async () => {
        const envelope = await this.get(`/api/envelope/${id}`);
        if (envelope.fields_status === 'pending') throw new Error('detection is still running');
        return envelope;
      },
      { timeout: 10_000, interval: 10 },
    );
  }

  send(id: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answered> {
    return this.call('POST', `/api/envelope/${id}/send`, body, headers);
  }

  sign(id: string, body: unknown = {}): Promise<Answered> {
    return this.call('POST', `/_sandbox/envelopes/${id}/sign`, body);
  }

  async settings(changes: Record<string, unknown>): Promise<void> {
    const answered = await this.call('POST', '/_sandbox/settings', changes);
    if (answered.status !== 200) throw new Error(`settings answered ${answered.status}: ${answered.text}`);
  }

  /** Makes things go wrong from now on. */
  async goWrong(faults: FaultRule[], seed?: number): Promise<LiveFaults> {
    const answered = await this.call('POST', '/_sandbox/faults', { faults, ...(seed === undefined ? {} : { seed }) });
    if (answered.status !== 200) throw new Error(`faults answered ${answered.status}: ${answered.text}`);
    return JSON.parse(answered.text) as LiveFaults;
  }

  async state(): Promise<SandboxState> {
    return JSON.parse((await this.call('GET', '/_sandbox/state')).text) as SandboxState;
  }

  async record(id: string): Promise<EnvelopeRecord> {
    return JSON.parse((await this.call('GET', `/_sandbox/envelopes/${id}`)).text) as EnvelopeRecord;
  }
}

export function aCreate(): Record<string, unknown> {
  return {
    document: PDF.toString('base64'),
    parties: [
      { email: 'ana@customer.example', name: 'Ana Ferreira', role: 'Customer' },
      { email: 'bob@company.example', name: 'Bob Olsen', role: 'Company' },
    ],
  };
}

export function aForm(fields: Record<string, string> = {}, file: Buffer = PDF, name = 'order.pdf'): FormData {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(file)]), name);
  for (const [key, value] of Object.entries(fields)) form.set(key, value);
  return form;
}

/** Detection takes 30 ms here, so that a test can see it run and need not wait for it. */
export async function anAtlasSandbox(options: SandboxOptions = {}): Promise<AtlasSandbox> {
  const sandbox = await startSandbox({ ...options, settings: { detection_ms: 30, ...options.settings } });
  onTestFinished(() => sandbox.stop());
  return new AtlasSandbox(sandbox);
}

export interface Received {
  event: string;
  raw: Buffer;
  signature: string | undefined;
  body: { event: string; envelope_id: string; parties: { email: string }[]; metadata: Record<string, unknown> };
}

/** Somebody who listens to webhooks, answering with what `answer` says. */
export async function aWebhookReceiver(answer: (nth: number) => number | Promise<number> = () => 200) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = JSON.parse(raw.toString('utf8')) as Received['body'];
      const header = request.headers['x-atlas-signature'];
      received.push({ event: body.event, raw, body, signature: Array.isArray(header) ? header[0] : header });
      void Promise.resolve(answer(received.length)).then((status) => response.writeHead(status).end());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hooks`, received, events: () => received.map(({ event }) => event) };
}
