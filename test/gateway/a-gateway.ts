/** A gateway over deals on paper: what is asked of them is written down, what they answer can be set. */
import { createHmac } from 'node:crypto';
import type { PayloadCodec } from '@temporalio/common';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import type { GatewayToken, OidcSettings } from '../../src/config.js';
import type { CrmNotifications } from '../../src/crm/intake.js';
import type { TakeFromCrm } from '../../src/deal/intake.js';
import type { EnvelopeEvent } from '../../src/deal/messages.js';
import type { Policy } from '../../src/deal/policy.js';
import type { DealStart } from '../../src/deal/start.js';
import { snapshotOf } from '../../src/deal/showing.js';
import { createGateway, type Patience } from '../../src/gateway/app.js';
import type { DealFilter } from '../../src/gateway/deal-list.js';
import type { Deals } from '../../src/gateway/deals.js';
import type { SignLinks } from '../../src/gateway/desk.js';
import type { Limits } from '../../src/gateway/limits.js';
import { createMetrics, type Metrics } from '../../src/gateway/observe.js';
import type { EnvelopeReading } from '../../src/signing/provider.js';
import { aDealIn, aPolicy } from '../support/deals.js';

export const ATLAS_KEY = 'atlas-key-of-today';
export const OLD_ATLAS_KEY = 'atlas-key-of-yesterday';

export const TOKENS: readonly GatewayToken[] = [
  { role: 'crm', name: 'shop', token: 'crm-token-0123456789' },
  { role: 'viewer', name: 'vera', token: 'viewer-token-0123456789' },
  { role: 'reviewer', name: 'rita', token: 'reviewer-token-0123456789' },
  { role: 'operator', name: 'olaf', token: 'operator-token-0123456789' },
];

export const POLICIES: ReadonlyMap<string, Policy> = new Map([
  ['order-form', aPolicy()],
  ['linked', aPolicy({ upload: 'link' })],
  [
    'templated',
    aPolicy({
      template: {
        id: 'tmpl_1',
        prefill: { customer_name: 'company', payer: 'company', amount: 'price' },
        trusted: true,
      },
    }),
  ],
]);

/** For tests that ask more in a minute than anybody may. */
export const NO_LIMITS: Limits = { address: 1e9, open: 1e9, refused: 1e9, caller: 1e9, links: 1e9 };

export interface PaperDeals extends Deals {
  started: DealStart[];
  told: { dealId: string; name: string; message: unknown; updateId: string | undefined }[];
  taken: { deals: TakeFromCrm; id: string }[];
  heard: { event: EnvelopeEvent; workflowId: string | undefined }[];
  listed: DealFilter[];
  /** What each call answers; a function may throw. */
  answers: { [Call in keyof Deals]: () => Awaited<ReturnType<Deals[Call]>> };
}

export function paperDeals(): PaperDeals {
  const deals: PaperDeals = {
    started: [],
    told: [],
    heard: [],
    taken: [],
    listed: [],
    answers: {
      start: () => ({ kind: 'started', workflowId: 'deal-42' }),
      read: () => ({ kind: 'deal', snapshot: snapshotOf(aDealIn('in-review')) }),
      tell: () => ({ kind: 'taken', workflowId: 'deal-42', repeat: false }),
      hear: () => 'signalled',
      take: () => undefined,
      list: () => ({ deals: [], next: null }),
      count: () => 0,
      check: () => undefined,
    },
    async start(start) {
      deals.started.push(start);
      return deals.answers.start();
    },
    read: async () => deals.answers.read(),
    async tell(dealId, name, message, updateId) {
      deals.told.push({ dealId, name, message, updateId });
      return deals.answers.tell();
    },
    async hear(event, workflowId) {
      deals.heard.push({ event, workflowId });
      return deals.answers.hear();
    },
    async take(taken, id) {
      deals.taken.push({ deals: taken, id });
      deals.answers.take();
    },
    async list(filter) {
      deals.listed.push(filter);
      return deals.answers.list();
    },
    count: async () => deals.answers.count(),
    check: async () => deals.answers.check(),
  };
  return deals;
}

export const SIGN_LINK = 'https://atlas.example/sign/env-1?t=secret';

/** An envelope that is out, at its first signer. */
export const aReading = (over: Partial<EnvelopeReading> = {}): EnvelopeReading => ({
  envelopeId: 'env-1',
  status: 'pending',
  sent: true,
  fieldsStatus: 'ready',
  fieldsVersion: 1,
  detectionError: null,
  parties: [
    { role: 'Customer', order: 1, status: 'pending' },
    { role: 'Company', order: 2, status: 'waiting' },
  ],
  signedCount: 0,
  reviewUrl: null,
  externalId: 'deal-42/r1',
  reason: null,
  ...over,
});

export interface PaperProvider extends SignLinks {
  /** Envelopes whose link was asked for. */
  asked: string[];
  /** On whose behalf it was asked. */
  tenants: string[];
  answers: { signLink: () => string | null; reviewLink: () => string | null; readEnvelope: () => EnvelopeReading };
}

function paperProvider(): PaperProvider {
  const provider: PaperProvider = {
    asked: [],
    tenants: [],
    answers: { signLink: () => SIGN_LINK, reviewLink: () => null, readEnvelope: () => aReading() },
    async signLink(envelopeId) {
      provider.asked.push(envelopeId);
      return provider.answers.signLink();
    },
    reviewLink: async () => provider.answers.reviewLink(),
    readEnvelope: async () => provider.answers.readEnvelope(),
    forTenant(tenant) {
      provider.tenants.push(tenant);
      return provider;
    },
  };
  return provider;
}

export interface AGateway {
  app: FastifyInstance;
  deals: PaperDeals;
  provider: PaperProvider;
  metrics: Metrics;
  /** The log so far, as text. */
  log: () => string;
  /** A request with the token of this role. */
  as: (role: string, request: InjectOptions) => Promise<LightMyRequestResponse>;
  /** A webhook signed under `key`. */
  webhook: (body: unknown, key?: string) => Promise<LightMyRequestResponse>;
}

export function aGateway(
  over: {
    tokens?: readonly GatewayToken[] | null;
    oidc?: OidcSettings;
    patience?: Patience;
    deals?: Deals;
    notifications?: CrmNotifications;
    publicUrl?: string;
    connectKeys?: readonly string[];
    policies?: ReadonlyMap<string, Policy>;
    limits?: Limits;
    trustProxy?: readonly string[];
    payloadCodec?: PayloadCodec;
    codecCorsOrigin?: string;
  } = {},
): AGateway {
  const deals = paperDeals();
  const provider = paperProvider();
  const metrics = createMetrics();
  const lines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void lines.push(line) });
  const app = createGateway({
    deals,
    // DocuSign answers as Atlas does.
    signing: { atlas: provider, ...(over.connectKeys && { docusign: provider }) },
    metrics,
    logger,
    policies: POLICIES,
    tokens: TOKENS,
    atlasKeys: [ATLAS_KEY, OLD_ATLAS_KEY],
    ...over,
  });
  return {
    app,
    deals,
    provider,
    metrics,
    log: () => lines.join(''),
    as: (role, request) => {
      const token = TOKENS.find((candidate) => candidate.role === role)?.token;
      return app.inject({ ...request, headers: { authorization: `Bearer ${token}`, ...request.headers } });
    },
    webhook: (body, key = ATLAS_KEY) => {
      const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
      return app.inject({
        method: 'POST',
        url: '/webhooks/atlas',
        headers: { 'content-type': 'application/json', 'x-atlas-signature': signatureOf(payload, key) },
        payload,
      });
    },
  };
}

export function signatureOf(payload: string | Buffer, key = ATLAS_KEY): string {
  return `sha256=${createHmac('sha256', key).update(payload).digest('hex')}`;
}

export const aStart = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  dealId: '42',
  documentType: 'order-form',
  document: { uri: 'file:contracts/order-form.pdf' },
  parties: [{ email: 'ada@customer.example', name: 'Ada Customer', role: 'Customer' }, { email: 'bob@seller.example' }],
  ...over,
});

/** Of a type whose template makes the contract. */
export const aTemplatedStart = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  dealId: '42',
  documentType: 'templated',
  parties: [
    { email: 'ada@customer.example', role: 'Customer' },
    { email: 'bob@seller.example', role: 'Company' },
  ],
  prefill: { company: 'Acme Ltd', price: 1200, stage: 'closing' },
  ...over,
});
