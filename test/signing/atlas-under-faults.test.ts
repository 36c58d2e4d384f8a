import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Party } from '../../src/deal/party.js';
import { inspectSignedPdf } from '../../src/documents/signed-pdf.js';
import { startSandbox, type SandboxOptions } from '../../src/sandbox/server.js';
import { createAtlasClient } from '../../src/signing/atlas/client.js';
import type { AtlasError } from '../../src/signing/atlas/errors.js';
import { createAtlasProvider } from '../../src/signing/atlas/provider.js';
import type { EnvelopeDraft, ProviderErrorKind, SigningProvider } from '../../src/signing/provider.js';
import { aPdf } from '../sandbox/documents.js';
import { errorOf, wholeText } from './local-atlas.js';

const KEY = 'sandbox-key-of-a-deal';
const PARTIES: Party[] = [{ email: 'ann@customer.test', name: 'Ann Lee', role: 'Customer', order: 1, kind: 'signer' }];
const DEAL = 'deal-1/r1';

let pdf: Uint8Array;
beforeAll(async () => {
  pdf = await aPdf(1);
});

interface Fault {
  kind: string;
  [parameter: string]: unknown;
}

/** An Atlas that can go wrong, and the product's own way to it. */
class World {
  constructor(
    private readonly url: string,
    readonly provider: SigningProvider,
  ) {}

  create(transport: EnvelopeDraft['transport'] = 'multipart'): Promise<{ envelopeId: string }> {
    const draft: EnvelopeDraft = {
      document: { name: 'order-form.pdf', contentType: 'application/pdf', bytes: pdf },
      transport,
      parties: PARTIES,
      webhookUrl: 'http://127.0.0.1:9/webhooks/atlas',
      externalId: DEAL,
      clientReferenceId: '1',
    };
    return this.provider.createEnvelope(draft, `${DEAL}/create/0`);
  }

  /** A draft whose detection has ended. */
  async draft(): Promise<string> {
    const { envelopeId } = await this.create();
    await vi.waitFor(async () => {
      expect((await this.provider.readEnvelope(envelopeId)).fieldsStatus).toBe('ready');
    }, 10_000);
    return envelopeId;
  }

  send(envelopeId: string, provider = this.provider): Promise<unknown> {
    return provider.sendEnvelope(envelopeId, { parties: PARTIES, fieldsVersion: 1 }, `${DEAL}/send/0`);
  }

  /** Another way to the same Atlas, which waits at most `callMs` for an answer. */
  inAHurry(callMs: number): SigningProvider {
    const client = createAtlasClient({ baseUrl: this.url, apiKey: KEY, timeouts: { callMs } });
    onTestFinished(() => client.close());
    return createAtlasProvider(client);
  }

  async signed(): Promise<string> {
    const envelopeId = await this.draft();
    await this.send(envelopeId);
    await this.act(`/envelopes/${envelopeId}/sign`);
    return envelopeId;
  }

  goWrong(...faults: Fault[]): Promise<void> {
    return this.act('/faults', { faults });
  }

  async state(): Promise<Record<string, unknown>> {
    return (await (await fetch(`${this.url}/_sandbox/state`)).json()) as Record<string, unknown>;
  }

  private async act(path: string, body: unknown = {}): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${this.url}/_sandbox${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  }
}

async function aWorld(settings: SandboxOptions['settings'] = {}): Promise<World> {
  const sandbox = await startSandbox({
    keys: [{ key: KEY, organisation: 'acme' }],
    settings: { detection_ms: 20, ...settings },
  });
  const client = createAtlasClient({ baseUrl: sandbox.url, apiKey: KEY });
  onTestFinished(async () => {
    await client.close();
    await sandbox.stop();
  });
  return new World(sandbox.url, createAtlasProvider(client));
}

function expectDiscreet(error: AtlasError): void {
  const text = wholeText(error);
  for (const secret of [KEY, 'ann@', 'customer.test', 'Ann Lee', '?t=', '?rt=', 'signature=']) {
    expect(text).not.toContain(secret);
  }
}

const NOT_DONE: [Fault, Partial<AtlasError> & { kind: ProviderErrorKind }][] = [
  [{ kind: 'error' }, { kind: 'unavailable', status: 503, code: 'server_error' }],
  [
    { kind: 'error', status: 500, retry_after: 4 },
    { kind: 'unavailable', status: 500, retryAfterMs: 4_000 },
  ],
  [
    { kind: 'rate-limit', retry_after: 7 },
    { kind: 'rate-limited', status: 429, retryAfterMs: 7_000 },
  ],
  [{ kind: 'html' }, { kind: 'unavailable', status: 502 }],
  [
    { kind: 'html', status: 429 },
    { kind: 'rate-limited', status: 429 },
  ],
  [{ kind: 'drop-before' }, { kind: 'unreachable' }],
];
const DONE: [Fault, Partial<AtlasError> & { kind: ProviderErrorKind }][] = [
  [{ kind: 'error-after' }, { kind: 'unavailable', status: 500 }],
  [{ kind: 'drop-after' }, { kind: 'unreachable' }],
];

describe.each(NOT_DONE)('a call that meets %j', (fault, expected) => {
  it.each(['multipart', 'base64'] as const)(
    'makes no envelope by %s, and one when it is repeated',
    async (transport) => {
      const world = await aWorld();
      await world.goWrong(fault);
      const error = await errorOf(world.create(transport));
      expect(error).toMatchObject(expected);
      expectDiscreet(error);
      expect(await world.provider.findEnvelopes(DEAL)).toEqual([]);
      const { envelopeId } = await world.create(transport);
      expect(await world.provider.findEnvelopes(DEAL)).toMatchObject([{ envelopeId }]);
    },
  );

  it('sends nothing, and once when it is repeated', async () => {
    const world = await aWorld();
    const envelopeId = await world.draft();
    await world.goWrong({ ...fault, route: 'POST /api/envelope/{id}/send' });
    const error = await errorOf(world.send(envelopeId));
    expect(error).toMatchObject({ ...expected, envelopeId });
    expectDiscreet(error);
    expect(await world.provider.readEnvelope(envelopeId)).toMatchObject({ status: 'draft' });
    await world.send(envelopeId);
    expect(await world.state()).toMatchObject({ sends: 1, spent: { [KEY]: 1 }, faults: { [fault.kind]: 1 } });
  });

  it('is told from "there is no such envelope"', async () => {
    const world = await aWorld();
    const envelopeId = await world.draft();
    await world.goWrong({ ...fault, times: 2 });
    const { provider } = world;
    for (const call of [() => provider.readEnvelope(envelopeId), () => provider.findEnvelopes(DEAL)]) {
      const error = await errorOf(call());
      expect(error).toMatchObject(expected);
      expectDiscreet(error);
    }
    expect(await provider.readEnvelope(envelopeId)).toMatchObject({ externalId: DEAL });
  });
});

describe.each(DONE)('a call whose answer is lost by %j', (fault, expected) => {
  it.each(['multipart', 'base64'] as const)(
    'has made an envelope by %s that can be found, and a repeat with the same key makes no second',
    async (transport) => {
      const world = await aWorld();
      await world.goWrong(fault);
      const error = await errorOf(world.create(transport));
      expect(error).toMatchObject(expected);
      expectDiscreet(error);
      const [found, ...more] = await world.provider.findEnvelopes(DEAL);
      expect(more).toEqual([]);
      expect(found).toMatchObject({ status: 'draft', externalId: DEAL });
      expect(await world.create(transport)).toMatchObject({ envelopeId: found?.envelopeId });
      expect(await world.state()).toMatchObject({ envelopes: 1, duplicates: { externalIds: 0 } });
    },
  );

  it('has sent, and a repeat with the same key costs no second credit', async () => {
    const world = await aWorld();
    const envelopeId = await world.draft();
    await world.goWrong(fault);
    const error = await errorOf(world.send(envelopeId));
    expect(error).toMatchObject({ ...expected, envelopeId });
    expectDiscreet(error);
    expect(await world.provider.readEnvelope(envelopeId)).toMatchObject({ status: 'pending' });
    await world.send(envelopeId);
    expect(await world.state()).toMatchObject({
      sends: 1,
      mails: 1,
      spent: { [KEY]: 1 },
      duplicates: { sends: 0 },
      faults: { [fault.kind]: 1 },
    });
  });
});

describe('latency', () => {
  it('within the time limit changes nothing', async () => {
    const world = await aWorld();
    await world.goWrong({ kind: 'latency', ms: 100 });
    const { envelopeId } = await world.create();
    expect(await world.provider.findEnvelopes(DEAL)).toMatchObject([{ envelopeId }]);
  });

  it('beyond the time limit is no answer, and what happens after the caller gave up is found by the same key', async () => {
    const world = await aWorld();
    const envelopeId = await world.draft();
    await world.goWrong({ kind: 'latency', ms: 1_500 });
    const error = await errorOf(world.send(envelopeId, world.inAHurry(200)));
    expect(error).toMatchObject({ kind: 'unreachable', envelopeId });
    expectDiscreet(error);
    expect(await world.provider.readEnvelope(envelopeId)).toMatchObject({ status: 'draft' });
    await vi.waitFor(async () => {
      expect(await world.provider.readEnvelope(envelopeId)).toMatchObject({ status: 'pending' });
    }, 10_000);
    await world.send(envelopeId);
    expect(await world.state()).toMatchObject({ sends: 1, spent: { [KEY]: 1 } });
  });
});

describe('the download of the signed PDF', () => {
  it.each<[Fault, Partial<AtlasError>]>([
    [{ kind: 'drop-before', times: 2 }, { kind: 'unreachable' }],
    [{ kind: 'html' }, { kind: 'unavailable', status: 502 }],
    [
      { kind: 'rate-limit', retry_after: 2 },
      { kind: 'rate-limited', retryAfterMs: 2_000 },
    ],
    [{ kind: 'truncated-pdf', content_length: 'full' }, { kind: 'unreachable' }],
    [
      { kind: 'expired-link', times: 2 },
      { kind: 'unavailable', status: 403 },
    ],
  ])('fails for now with %j, and succeeds later', async (fault, expected) => {
    const world = await aWorld();
    const envelopeId = await world.signed();
    await world.goWrong(fault);
    const error = await errorOf(world.provider.downloadSigned(envelopeId));
    expect(error).toMatchObject(expected);
    expectDiscreet(error);
    const later = await vi.waitFor(() => world.provider.downloadSigned(envelopeId), 10_000);
    expect(await inspectSignedPdf(later)).toMatchObject({ pages: 2 });
    expect(await world.state()).toMatchObject({ bucketAuthorizationLeaks: 0 });
  });

  it('asks for a new link when the first has expired', async () => {
    const world = await aWorld();
    const envelopeId = await world.signed();
    await world.goWrong({ kind: 'expired-link' });
    await inspectSignedPdf(await world.provider.downloadSigned(envelopeId));
    expect(await world.state()).toMatchObject({ faults: { 'expired-link': 1 } });
  });

  it.each<[Fault, string]>([
    [{ kind: 'truncated-pdf' }, 'its end marker is missing'],
    [{ kind: 'empty-pdf' }, 'it is empty'],
  ])('hands on what %j leaves of it, which is refused before it is filed', async (fault, why) => {
    const world = await aWorld();
    const envelopeId = await world.signed();
    await world.goWrong(fault);
    const broken = await world.provider.downloadSigned(envelopeId);
    await expect(inspectSignedPdf(broken)).rejects.toThrow(why);
    await inspectSignedPdf(await world.provider.downloadSigned(envelopeId));
  });
});
