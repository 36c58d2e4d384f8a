/**
 * The same cases of a deal over each provider, with worker and gateway as processes of their own: between them and the providers stands a
 * saboteur that loses answers, and between the providers and the gateway a post office that loses webhooks.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProviderName } from '../../src/deal/policy.js';
import type { DealSnapshot } from '../../src/deal/snapshot.js';
import { freePort } from '../../src/stack/ports.js';
import { Processes, type ProcessSpec, type RunningProcess } from '../../src/stack/processes.js';
import { aReceiver, type Receiver } from '../crm/http-receiver.js';
import { aContract } from '../signing/local-docusign.js';
import { aSaboteur, type Moment, type PassingCall, type Saboteur } from '../support/saboteur.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';
import { aMortal } from './mortal.js';
import { atTheGateway, until, type AtTheGateway } from './at-the-gateway.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SECRET = 'a-secret-shared-with-the-crm';
const TOKEN = 'operator-token-of-this-test';
const WAIT_MS = 50_000;
const PARTIES = [
  { email: 'ann@customer.test', name: 'Ann Lee', role: 'Customer' },
  { email: 'bob@seller.test', name: 'Bob Roe', role: 'Seller' },
];
const OTHERS = [{ email: 'cleo@customer.test', name: 'Cleo Day', role: 'Customer' }, ...PARTIES.slice(1)];

/** What the provider has of a deal. */
export interface EnvelopeThere {
  id: string;
  /** `gone` stands for a draft that was taken away, whatever the provider calls it. */
  status: 'draft' | 'out' | 'signed' | 'declined' | 'gone';
  /** Requests to sign that went out, by address, and reminders. */
  requests: string[];
  reminders: number;
}

export interface ProviderUnderTest {
  name: ProviderName;
  /** What the worker and the gateway call, past the saboteur. */
  url: string;
  /** What the document types file says of its type. */
  documentType: object;
  /** Settings of worker and gateway, with the saboteur for the provider. */
  env(saboteurUrl: string, folder: string): Record<string, string>;
  /** `<deal> create`, `send`, `void` or `pdf`; undefined for other calls. `dealOf`: by envelope. */
  nameOf(call: PassingCall, dealOf: ReadonlyMap<string, string>): string | undefined;
  /** The envelope's id in the answer to a create. */
  madeIn(answer: Buffer): string;
  sign(envelopeId: string): Promise<void>;
  decline(envelopeId: string): Promise<void>;
  /** On the provider's own page. */
  pressSend(envelopeId: string, reviewLink: string): Promise<void>;
  envelopesOf(dealId: string): Promise<EnvelopeThere[]>;
  /** What the provider holds against how it was asked. */
  complaints(): Promise<unknown[]>;
  close(): Promise<void>;
}

/** `killedOver`: the provider whose deals lose their worker; every other is spared the time that takes. */
export function dealsEndOver(
  found: (connectKey: string) => Promise<ProviderUnderTest[]>,
  { names, killedOver }: { names: ProviderName[]; killedOver: ProviderName },
): void {
  let folder: string;
  let temporal: StartedDevServer;
  let crm: Receiver;
  let providers: ProviderUnderTest[];
  let saboteurs: Saboteur[];
  let office: { url: string; close(): Promise<void> };
  let processes: Processes;
  let gateway: AtTheGateway;
  let env: Record<string, string>;
  const logs: string[] = [];
  const strikes = new Map<string, Moment>();
  const silenced = new Set<string>();

  async function start(name: string, more: Record<string, string>): Promise<RunningProcess> {
    const spec: ProcessSpec = {
      name,
      command: process.execPath,
      args: [join(ROOT, 'dist', `${name}.js`)],
      cwd: folder,
      env: { ...env, ...more },
    };
    const started = await processes.start(spec);
    logs.push(started.logFile);
    return started;
  }

  const worker = aMortal(() => start('worker', { METRICS_PORT: '0' }));

  function sabotage(provider: ProviderUnderTest): Promise<Saboteur> {
    const dealOf = new Map<string, string>();
    return aSaboteur({
      target: provider.url,
      nameOf: (call) => provider.nameOf(call, dealOf),
      learn(name, _call, answer) {
        const dealId = name?.endsWith(' create') ? name.slice(0, -' create'.length) : undefined;
        if (dealId !== undefined) dealOf.set(provider.madeIn(answer), dealId);
      },
      strikes,
      strike: async (name) => (name.includes('-killed-') ? worker.kill() : undefined),
    });
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-provider-'));
    [temporal, crm, providers] = await Promise.all([
      startDevServer(),
      aReceiver(Buffer.from(SECRET)),
      found('hmac-key-of-this-test'),
    ]);
    saboteurs = await Promise.all(providers.map(sabotage));
    const port = await freePort();
    office = await aPostOffice(`http://127.0.0.1:${port}`, silenced);
    await writeFile(join(folder, 'order-form.pdf'), await aContract());
    const types = Object.fromEntries(providers.map(({ name, documentType }) => [`over-${name}`, documentType]));
    await writeFile(join(folder, 'document-types.json'), JSON.stringify(types));
    env = {
      PATH: process.env.PATH ?? '',
      TEMPORAL_ADDRESS: temporal.address,
      CRM: 'http',
      CRM_URL: crm.url,
      CRM_SECRET: SECRET,
      PUBLIC_URL: office.url,
      DOCUMENT_ROOT: folder,
      DOCUMENT_STORE: `file:${join(folder, 'signed')}`,
      READ_BACK_FIRST: '2 seconds',
      ...Object.fromEntries(
        providers.flatMap((provider, at) => Object.entries(provider.env(saboteurs[at]?.url ?? '', folder))),
      ),
    };
    processes = new Processes(join(folder, 'logs'), 3000);
    await start('gateway', { PORT: String(port), GATEWAY_TOKENS: `operator:test:${TOKEN}` });
    await worker.start();
    gateway = atTheGateway(`http://127.0.0.1:${port}`, TOKEN, WAIT_MS);
    await gateway.ready();
  }, 60_000);

  afterAll(async () => {
    await worker.stop();
    await processes?.stopAll();
    await Promise.all([office?.close(), crm?.close(), ...(saboteurs ?? []).map((one) => one.close())]);
    await Promise.all((providers ?? []).map((provider) => provider.close()));
    await temporal?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** A deal, by what is to happen to it, once it is in review. */
  async function begun(at: ProviderUnderTest, story: string): Promise<DealSnapshot> {
    const dealId = `${at.name}-${story}`;
    const started = await gateway.call('/deals', {
      dealId,
      documentType: `over-${at.name}`,
      document: { uri: 'file:order-form.pdf' },
      parties: PARTIES,
    });
    expect(started, dealId).toMatchObject({ status: 202 });
    return gateway.untilStage(dealId, 'in-review');
  }

  async function letOut(at: ProviderUnderTest, story: string): Promise<DealSnapshot> {
    const { dealId } = await begun(at, story);
    return gateway.letOut(dealId);
  }

  async function signedBy(at: ProviderUnderTest, { dealId, envelopeId }: DealSnapshot): Promise<DealSnapshot> {
    for (let turn = 0; turn < PARTIES.length; turn += 1) await at.sign(envelopeId ?? '');
    return gateway.untilStage(dealId, 'completed');
  }

  /** The message is taken, at once or after the present step. */
  async function tell({ dealId }: DealSnapshot, message: string, body: object): Promise<void> {
    expect([200, 202]).toContain((await gateway.call(`/deals/${dealId}/${message}`, body)).status);
  }

  async function amended(deal: DealSnapshot): Promise<DealSnapshot> {
    await tell(deal, 'amend', { parties: OTHERS, reason: 'another signer', by: 'olaf' });
    return until(
      `the second draft of ${deal.dealId}`,
      async () => {
        const now = await gateway.untilStage(deal.dealId, 'in-review');
        return now.revision === 2 && now;
      },
      WAIT_MS,
    );
  }

  describe.each(names)('deals over %s', (name) => {
    const here = (): ProviderUnderTest => {
      const provider = providers.find((candidate) => candidate.name === name);
      if (!provider) throw new Error(`no ${name}`);
      return provider;
    };

    describe.concurrent('end right', { timeout: 60_000 }, () => {
      it('approved, signed by both, filed with the certificate', async () => {
        const deal = await signedBy(here(), await letOut(here(), 'signed'));
        expect(deal.signedPdf?.certificate).toMatchObject({ sha256: expect.any(String) as unknown });
        expect(crm.attachments(deal.dealId, 1)).toMatchObject([{ sha256: deal.signedPdf?.sha256 }]);
        expect(deal.parties.map(({ status }) => status)).toEqual(['signed', 'signed']);
        expect(await here().envelopesOf(deal.dealId)).toMatchObject([{ status: 'signed' }]);
      });

      it('declined', async () => {
        const { dealId, envelopeId } = await letOut(here(), 'declined');
        await here().decline(envelopeId ?? '');
        expect((await gateway.untilStage(dealId, 'declined')).signedPdf).toBeNull();
      });

      it('cancelled while it is out: voided', async () => {
        const deal = await letOut(here(), 'cancelled');
        await tell(deal, 'cancel', { reason: 'deal lost', by: 'olaf' });
        await gateway.untilStage(deal.dealId, 'cancelled');
        expect(await here().envelopesOf(deal.dealId)).toMatchObject([{ status: 'gone' }]);
      });

      it('amended while it is out: voided and issued anew', async () => {
        const first = await letOut(here(), 'amended');
        const second = await amended(first);
        expect(second.replaced.map(({ envelopeId }) => envelopeId)).toEqual([first.envelopeId]);
        const deal = await signedBy(here(), await gateway.letOut(first.dealId));
        const there = await here().envelopesOf(deal.dealId);
        expect(there.map(({ id, status }) => [id === deal.envelopeId, status])).toEqual([
          [false, 'gone'],
          [true, 'signed'],
        ]);
        expect(there[1]?.requests).toEqual(['cleo@customer.test', 'bob@seller.test']);
      });

      it('sent from the provider’s own page', async () => {
        const { dealId, envelopeId } = await begun(here(), 'pressed');
        const { body } = await gateway.call(`/deals/${dealId}/review-link`);
        await here().pressSend(envelopeId ?? '', (body as { reviewLink: string }).reviewLink);
        const deal = await gateway.untilStage(dealId, 'out-for-signature');
        expect(deal.timeline.map(({ what }) => what)).toContain('sent from the provider’s review page');
        await signedBy(here(), deal);
      });

      it('rejected, then amended: the old draft is taken away and mailed nobody', async () => {
        const first = await begun(here(), 'rejected');
        await tell(first, 'review', { decision: 'reject', reviewer: 'rita', note: 'wrong signer' });
        await until(
          'the rejection',
          async () => {
            const { body } = await gateway.call(`/deals/${first.dealId}`);
            return (body as DealSnapshot).blocked?.reason === 'review-rejected';
          },
          WAIT_MS,
        );
        await amended(first);
        const deal = await signedBy(here(), await gateway.letOut(first.dealId));
        expect(await here().envelopesOf(deal.dealId)).toMatchObject([
          { id: first.envelopeId, status: 'gone', requests: [] },
          { id: deal.envelopeId, status: 'signed' },
        ]);
      });

      it('without a webhook: read back', async () => {
        silenced.add(`deal-${name}-silent/`);
        const deal = await signedBy(here(), await letOut(here(), 'silent'));
        expect(deal.figures.readBack).toBeGreaterThan(0);
        expect(deal.figures.told).toBe(0);
      });

      it('reminded', async () => {
        const out = await letOut(here(), 'reminded');
        await tell(out, 'remind', {});
        await until('the reminder', async () => (await here().envelopesOf(out.dealId))[0]?.reminders === 1, WAIT_MS);
        expect((await signedBy(here(), out)).figures.reminders).toBe(1);
      });

      it.each(['create', 'send'])('with the answer to its %s lost', async (step) => {
        strikes.set(`${name}-lost-${step} ${step}`, 'after');
        const deal = await signedBy(here(), await letOut(here(), `lost-${step}`));
        expect(strikes.has(`${deal.dealId} ${step}`)).toBe(false);
        expect(await here().envelopesOf(deal.dealId)).toMatchObject([{ id: deal.envelopeId, status: 'signed' }]);
      });

      it('with the answer to its void lost', async () => {
        const deal = await letOut(here(), 'lost-void');
        strikes.set(`${deal.dealId} void`, 'after');
        await tell(deal, 'cancel', { reason: 'deal lost', by: 'olaf' });
        await gateway.untilStage(deal.dealId, 'cancelled');
        expect(strikes.has(`${deal.dealId} void`)).toBe(false);
        expect(await here().envelopesOf(deal.dealId)).toMatchObject([{ status: 'gone' }]);
      });
    });

    async function survive(): Promise<void> {
      const due = (story: string, step: string, moment: Moment) => strikes.set(`${name}-${story} ${step}`, moment);
      const approved = ['killed-before-send', 'killed-after-send'];
      await Promise.all(approved.map((story) => begun(here(), story)));
      due('killed-before-send', 'send', 'before');
      due('killed-after-send', 'send', 'after');
      due('killed-after-create', 'create', 'after');
      const out = [
        ...approved.map((story) => gateway.letOut(`${name}-${story}`)),
        letOut(here(), 'killed-after-create'),
      ];
      const deals = await Promise.all(out.map(async (deal) => signedBy(here(), await deal)));
      expect([...strikes.keys()].filter((struck) => struck.startsWith(`${name}-killed`))).toEqual([]);
      for (const { dealId, envelopeId } of deals)
        expect(await here().envelopesOf(dealId), dealId).toMatchObject([{ id: envelopeId, status: 'signed' }]);
    }
    if (name === killedOver) it('whenever the worker is killed', { timeout: 60_000 }, survive);

    it('with one send an envelope, one that is live a deal, and nothing held against us', async () => {
      const stories = ['signed', 'declined', 'cancelled', 'amended', 'pressed', 'rejected', 'silent', 'reminded'];
      const lost = ['create', 'send', 'void'].map((step) => `lost-${step}`);
      for (const story of [...stories, ...lost]) {
        const there = await here().envelopesOf(`${name}-${story}`);
        expect(there.filter(({ status }) => status !== 'gone').length, story).toBeLessThanOrEqual(1);
        expect(there.length, story).toBeGreaterThan(0);
        for (const { requests } of there) expect(requests, story).toEqual([...new Set(requests)]);
      }
      expect(await here().complaints()).toEqual([]);
    });
  });

  it('tells nobody’s name or address, no key and no link in the logs', async () => {
    const text = (await Promise.all(logs.map((file) => readFile(file, 'utf8')))).join('\n');
    expect(text).toContain('envelope created');
    expect(text).not.toMatch(/@(customer|seller)\.test|Ann Lee|Bob Roe|Cleo|PRIVATE KEY|hmac-key|[?&]r?t=|\/view\//);
  });
}

/** Passes webhooks on to the gateway, but those that hold one of these texts, which it takes and loses. */
async function aPostOffice(
  gatewayUrl: string,
  silenced: ReadonlySet<string>,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((incoming, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      if ([...silenced].some((text) => body.includes(text))) return void response.writeHead(200).end();
      const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...headers } = incoming.headers;
      const answer = await request(`${gatewayUrl}${incoming.url}`, {
        method: incoming.method as 'POST',
        headers: { ...headers, 'content-length': String(body.length) },
        ...(body.length > 0 && { body }),
      });
      response.writeHead(answer.statusCode, answer.headers).end(Buffer.from(await answer.body.arrayBuffer()));
    })().catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
