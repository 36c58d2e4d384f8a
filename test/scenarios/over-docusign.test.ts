import { startDocusignSandbox } from '../../src/sandbox/docusign/server.js';
import { startSandbox } from '../../src/sandbox/server.js';
import { KEY, PKCS1, PUBLIC_PEM } from '../docusign/local-docusign.js';
import { FIELDS } from '../signing/local-docusign.js';
import { dealsEndOver, type EnvelopeThere, type ProviderUnderTest } from './over-a-provider.js';

const API_KEY = 'sandbox-key';

async function atlas(): Promise<ProviderUnderTest> {
  const sandbox = await startSandbox({ credits: 100, settings: { detection_ms: 200, clock_speed: 60 } });
  const STATUSES = { draft: 'draft', pending: 'out', signed: 'signed', declined: 'declined', voided: 'gone' } as const;
  interface There {
    id: string;
    external_id: string;
    status: keyof typeof STATUSES;
    mails: { to: string; kind: string }[];
  }

  async function control<T>(path: string, body?: object): Promise<T> {
    const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`);
    return (await answer.json()) as T;
  }

  async function thereIs({ id, status }: There): Promise<EnvelopeThere> {
    const { mails } = await control<There>(`envelopes/${id}`);
    const of = (kind: string) => mails.filter((mail) => mail.kind === kind).map(({ to }) => to);
    const [requests, reminders] = [of('signature_request'), of('reminder').length];
    return { id, status: STATUSES[status], requests, reminders };
  }

  return {
    name: 'atlas',
    url: sandbox.url,
    documentType: {},
    env: (saboteurUrl) => ({ ATLAS_BASE_URL: saboteurUrl, ATLAS_API_KEY: API_KEY }),
    nameOf({ path, method, headers }, dealOf) {
      const key = headers['idempotency-key'];
      const [, made, step] = typeof key === 'string' ? (/^deal-(.+)\/r\d+\/(create|send)\/\d+$/.exec(key) ?? []) : [];
      if (made && step) return `${made} ${step}`;
      const [, id = '', what] = /^\/api\/envelope\/([^/?]+)\/(void|pdf)$/.exec(path) ?? [];
      const dealId = dealOf.get(id);
      return dealId !== undefined && (method === 'POST' || what === 'pdf') ? `${dealId} ${what}` : undefined;
    },
    madeIn: (answer) => (JSON.parse(answer.toString()) as { envelope_id: string }).envelope_id,
    sign: async (id) => void (await control(`envelopes/${id}/sign`, {})),
    decline: async (id) => void (await control(`envelopes/${id}/decline`, { reason: 'too dear' })),
    pressSend: async (id) => void (await control(`envelopes/${id}/review-send`, {})),
    async envelopesOf(dealId) {
      const all = await control<There[]>('envelopes');
      return Promise.all(all.filter(({ external_id: of }) => of.startsWith(`deal-${dealId}/`)).map(thereIs));
    },
    complaints: async () => [],
    close: () => sandbox.stop(),
  };
}

async function docusign(connectKey: string): Promise<ProviderUnderTest> {
  const sandbox = await startDocusignSandbox({
    integrationKeys: [{ key: KEY, publicKeys: [PUBLIC_PEM], redirectUris: [] }],
    settings: { connect_keys: ['key-of-somebody-else', connectKey], transaction_delay_ms: 300, list_delay_ms: 300 },
  });
  const { envelopes } = sandbox;
  const of = (id: string) => envelopes.of(null, id);
  const OUT = { created: 'draft', completed: 'signed', declined: 'declined', voided: 'gone' } as const;

  return {
    name: 'docusign',
    url: sandbox.url,
    documentType: { provider: 'docusign', docusign: { fields: FIELDS } },
    env: (saboteurUrl, folder) => ({
      DOCUSIGN_ENV: 'production',
      DOCUSIGN_INTEGRATION_KEY: KEY,
      DOCUSIGN_USER_ID: sandbox.users[0]?.userId ?? '',
      DOCUSIGN_PRIVATE_KEY: PKCS1,
      DOCUSIGN_CONNECT_KEYS: connectKey,
      DOCUSIGN_AUTH_URL: sandbox.url,
      DOCUSIGN_ESIGN_URL: saboteurUrl,
      DOCUSIGN_FOLDER: `${folder}/docusign`,
    }),
    nameOf({ method, path, body }, dealOf) {
      const [, id, rest = ''] = /\/envelopes\/([0-9a-f-]{36})([^?]*)/.exec(path) ?? [];
      if (method === 'POST' && /\/envelopes$/.test(path)) {
        const [, dealId] = /"value":"deal-([^"/]+)\/r\d+"/.exec(body.toString('latin1')) ?? [];
        return `${dealId} create`;
      }
      const dealId = dealOf.get(id ?? '');
      if (dealId === undefined) return undefined;
      if (rest === '/documents/combined') return `${dealId} pdf`;
      if (method !== 'PUT' || rest !== '') return undefined;
      const { status } = JSON.parse(body.toString()) as { status?: string };
      return status === 'sent' ? `${dealId} send` : status === 'voided' ? `${dealId} void` : undefined;
    },
    madeIn: (answer) => (JSON.parse(answer.toString()) as { envelopeId: string }).envelopeId,
    sign: async (id) => envelopes.signing.sign(of(id), null),
    decline: async (id) => envelopes.signing.decline(of(id), null, 'too dear'),
    async pressSend(_id, reviewLink) {
      const page = await (await fetch(reviewLink)).text();
      const [, action = ''] = /action="([^"]+)"/.exec(page) ?? [];
      const { status } = await fetch(new URL(action, reviewLink), { method: 'POST', redirect: 'manual' });
      if (status !== 303) throw new Error(`the page answered ${status}`);
    },
    async envelopesOf(dealId) {
      const mine = envelopes
        .list()
        .filter(({ customFields }) => customFields.some(({ value }) => value.startsWith(`deal-${dealId}/`)));
      return mine.map(({ envelopeId: id, status, deletedAt }) => {
        const mails = envelopes.notices.mails.filter((mail) => mail.envelopeId === id);
        return {
          id,
          status: deletedAt !== null ? 'gone' : status in OUT ? OUT[status as keyof typeof OUT] : 'out',
          requests: mails.filter(({ kind }) => kind === 'request').map(({ to }) => to),
          reminders: mails.filter(({ kind }) => kind === 'reminder').length,
        };
      });
    },
    async complaints() {
      const { sends } = sandbox.state() as { sends: Record<string, number> };
      return [...sandbox.limits.violations, ...Object.values(sends).filter((count) => count > 1)];
    },
    close: () => sandbox.stop(),
  };
}

dealsEndOver(async (connectKey) => Promise.all([atlas(), docusign(connectKey)]), {
  names: ['atlas', 'docusign'],
  killedOver: 'docusign',
});
