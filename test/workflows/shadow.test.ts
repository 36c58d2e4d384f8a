/** Drafts for comparison: made at the other provider, compared, and never left behind; whatever becomes of them, the deal goes its way. */
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shadowIdOf, SHADOW_TYPE, type ShadowReport } from '../../src/deal/shadow.js';
import type { Policy } from '../../src/deal/policy.js';
import type { DealStart } from '../../src/deal/start.js';
import { ProviderError, type PlacedField } from '../../src/signing/provider.js';
import {
  aRealTimeDealRunner,
  outForSignature,
  signedByAll,
  type DealRunner,
  type RunningDeal,
} from '../support/deal-runner.js';
import { aDeal, aPolicy, aTemplateDeal } from '../support/deals.js';
import { BUNDLE } from '../support/global-setup.js';
import { aPaperWorld, type PaperWorld } from '../support/paper-world.js';
import { aSignedPdf } from '../support/signed-pdf.js';

let signedPdf: Uint8Array;
let deals: DealRunner;
beforeAll(async () => {
  signedPdf = await aSignedPdf();
  deals = await aRealTimeDealRunner(signedPdf);
});
afterAll(() => deals.stop());

const shadowed = (over: Partial<Policy> = {}): Policy => ({
  ...aPolicy(),
  provider: 'docusign',
  shadow: 'atlas',
  ...over,
});
const aShadowedDeal = (dealId: string): DealStart => aDeal({ dealId, policy: shadowed() });

const signature = (role: string): PlacedField => ({ kind: 'signature', role, page: 1 });
const SAME = [signature('Customer'), signature('Company')];

interface Fields {
  deal?: PlacedField[];
  shadow?: PlacedField[];
}

/** Drafts as detection or their anchors leave them. */
function fill(world: PaperWorld, fields: PlacedField[]): void {
  const before = world.onCall;
  world.onCall = (call) => {
    before(call);
    for (const envelope of world.envelopes) {
      envelope.fields = fields;
      envelope.parties ??= [
        { role: 'Customer', order: 1, status: 'waiting' },
        { role: 'Company', order: 2, status: 'waiting' },
      ];
    }
  };
}

/** The deal goes by its own world as DocuSign, and is shadowed at `atlas`. */
async function run<T>(
  script: (deal: RunningDeal, atlas: PaperWorld) => Promise<T>,
  {
    start = aShadowedDeal,
    fields = {},
    before,
  }: {
    start?: (dealId: string) => DealStart;
    fields?: Fields;
    before?: (atlas: PaperWorld) => void;
  } = {},
): Promise<T> {
  const atlas = aPaperWorld(signedPdf);
  return deals.run(
    (deal) => script(deal, atlas),
    start,
    (world) => {
      fill(world, fields.deal ?? SAME);
      for (const template of world.templates) template.prefillKeys.push('docusign_only');
      fill(atlas, fields.shadow ?? SAME);
      before?.(atlas);
      const webhookUrl = 'https://countersign.example/webhooks/x';
      Object.assign(world.signing, {
        docusign: { provider: world.provider, webhookUrl },
        atlas: { provider: atlas.provider, webhookUrl },
      });
    },
  );
}

const shadowOf = ({ handle }: RunningDeal, revision = 1) =>
  deals.env.client.workflow.getHandle(shadowIdOf(handle.workflowId, revision));
/** The shadow begins a moment after the draft. */
async function reportOf(deal: RunningDeal, revision = 1): Promise<ShadowReport> {
  const shadow = shadowOf(deal, revision);
  const begun = () =>
    shadow.describe().then(
      () => true,
      () => false,
    );
  await expect.poll(begun, { timeout: 15_000 }).toBe(true);
  return shadow.result() as Promise<ShadowReport>;
}
/** Nothing is left at Atlas that anybody could send. */
const leftAt = (atlas: PaperWorld) => atlas.envelopes.filter(({ status }) => status !== 'voided');

describe('a deal with a shadow', () => {
  it('goes its way while the same contract is drafted at Atlas, compared and voided, unsent and untold', async () => {
    await run(async (deal, atlas) => {
      const report = await reportOf(deal);
      expect(report).toMatchObject({
        result: 'same',
        documentType: 'order-form',
        workflowId: deal.handle.workflowId,
        revision: 1,
        detection: 'ready',
        takenAway: true,
        missing: 0,
        extra: 0,
        signers: [
          { role: 'Customer', order: 1, in: 'both' },
          { role: 'Company', order: 2, in: 'both' },
        ],
      });
      expect(JSON.stringify(report)).not.toContain('@');
      const { draft, status, sends } = atlas.only();
      expect({ status, sends }).toEqual({ status: 'voided', sends: 0 });
      expect(draft.webhookUrl).toBeUndefined();
      expect(draft.externalId).toBe(`shadow-${deal.handle.workflowId}-r1/r1`);
      expect(draft.parties).toEqual(deal.start.parties);

      await outForSignature(deal);
      expect((await signedByAll(deal)).outcome).toBe('completed');
      expect(deal.world.only().sends).toBe(1);
      expect(atlas.calls).not.toContain('sendEnvelope');
      const history = JSON.parse(historyToJSON(await deal.handle.fetchHistory())) as object;
      await Worker.runReplayHistory(
        { workflowBundle: { codePath: BUNDLE } },
        historyFromJSON(history),
        deal.handle.workflowId,
      );
    });
  });

  it('is told where the drafts differ, by role and kind', async () => {
    const shadow: PlacedField[] = [signature('Customer'), { kind: 'date', role: 'Company', page: 2 }];
    await run(
      async (deal) => {
        expect(await reportOf(deal)).toMatchObject({
          result: 'differs',
          missing: 1,
          extra: 1,
          fields: [
            { role: 'Customer', kind: 'signature', deal: 1, shadow: 1 },
            { role: 'Company', kind: 'signature', deal: 1, shadow: 0 },
            { role: 'Company', kind: 'date', deal: 0, shadow: 1 },
          ],
        });
      },
      { fields: { shadow } },
    );
  });

  it('that is amended has a shadow of each draft', async () => {
    await run(async (deal, atlas) => {
      await reportOf(deal);
      await deal.untilStage('in-review');
      await deal.update('amend', { parties: deal.start.parties, by: 'otto', reason: 'address' });
      expect(await reportOf(deal, 2)).toMatchObject({ result: 'same', revision: 2 });
      expect(atlas.envelopes.map(({ status }) => status)).toEqual(['voided', 'voided']);
    });
  });

  it('goes on when the shadow cannot even be started', async () => {
    const dealId = 'taken-shadow';
    const taken = await deals.env.client.workflow.start('ledger', {
      workflowId: shadowIdOf(`deal-${dealId}`, 1),
      taskQueue: 'nobody',
    });
    await run(
      async (deal, atlas) => {
        await outForSignature(deal);
        expect((await signedByAll(deal)).outcome).toBe('completed');
        expect(atlas.calls).toEqual([]);
      },
      { start: () => aShadowedDeal(dealId) },
    );
    await taken.terminate();
  });

  it('goes on when Atlas refuses', async () => {
    await run(
      async (deal, atlas) => {
        await expect.poll(() => atlas.calls).toContain('findEnvelopes');
        const { blocked } = await deal.untilStage('in-review');
        expect(blocked).toBeNull();
        expect(atlas.envelopes).toEqual([]);
      },
      {
        before: (atlas) =>
          atlas.mishaps.push({ call: 'createEnvelope', error: new ProviderError('unauthorized', 'no') }),
      },
    );
  });

  it('asks no more of Temporal where its policy wants none', async () => {
    const START_CHILD = '29';
    await run(
      async (deal, atlas) => {
        await outForSignature(deal);
        expect(await deal.events()).not.toContain(START_CHILD);
        expect(atlas.calls).toEqual([]);
      },
      { start: (dealId) => aDeal({ dealId, policy: aPolicy({ provider: 'docusign' }) }) },
    );
    await run(async (deal) => {
      await reportOf(deal);
      expect(await deal.events()).toContain(START_CHILD);
    });
  });
});

describe('a shadow leaves no draft behind', () => {
  it('when the answer to its creation was lost', async () => {
    await run(
      async (deal, atlas) => {
        expect(await reportOf(deal)).toMatchObject({ result: 'same', takenAway: true });
        expect(atlas.envelopes).toHaveLength(1);
        expect(leftAt(atlas)).toEqual([]);
      },
      {
        before: (atlas) =>
          atlas.mishaps.push({
            call: 'createEnvelope',
            error: new ProviderError('unreachable', 'cut off'),
            after: true,
          }),
      },
    );
  });

  it('when the answer could not be read and the draft is not found at once', async () => {
    const atlas = aPaperWorld(signedPdf);
    const { provider } = atlas;
    const find = provider.findEnvelopes.bind(provider);
    let looks = 0;
    provider.findEnvelopes = async (externalId) => ((looks += 1) === 1 ? [] : find(externalId));
    atlas.mishaps.push({ call: 'createEnvelope', error: new ProviderError('unreadable', 'what?'), after: true });
    const report = await alone(atlas, (handle) => handle.result() as Promise<ShadowReport>);
    expect(report).toMatchObject({ result: 'not-comparable', why: 'answer-unreadable', takenAway: true });
    expect(atlas.envelopes).toHaveLength(1);
    expect(leftAt(atlas)).toEqual([]);
  });

  it('when it is cancelled while the fields are being detected', async () => {
    const atlas = aPaperWorld(signedPdf);
    atlas.detection.fieldsStatus = 'pending';
    await alone(atlas, async (handle) => {
      await expect.poll(() => atlas.calls).toContain('readEnvelope');
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
      expect((await handle.describe()).status.name).toBe('CANCELLED');
    });
    expect(atlas.only().status).toBe('voided');
  });

  it('when it is cancelled while the draft is being made', async () => {
    const atlas = aPaperWorld(signedPdf);
    const { provider } = atlas;
    const create = provider.createEnvelope.bind(provider);
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    let asked = false;
    provider.createEnvelope = async (...args) => {
      asked = true;
      await held;
      return create(...args);
    };
    await alone(atlas, async (handle) => {
      await expect.poll(() => asked).toBe(true);
      await handle.cancel();
      // The cancellation is in the history before the draft is there.
      await expect.poll(async () => (await handle.describe()).historyLength).toBeGreaterThan(6);
      letGo();
      await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    });
    expect(atlas.only().status).toBe('voided');
  });

  it('when Atlas voids it and does not say so', async () => {
    await run(
      async (deal, atlas) => {
        expect(await reportOf(deal)).toMatchObject({ takenAway: true });
        expect(leftAt(atlas)).toEqual([]);
      },
      {
        before: (atlas) =>
          atlas.mishaps.push({ call: 'voidEnvelope', error: new ProviderError('conflict', 'lost'), after: true }),
      },
    );
  });

  it('when somebody has sent it from the review page', async () => {
    await run(
      async (deal, atlas) => {
        const report = await reportOf(deal);
        expect(report.takenAway).toBe(true);
        expect(leftAt(atlas)).toEqual([]);
      },
      {
        before(atlas) {
          const { onCall } = atlas;
          atlas.onCall = (call) => {
            onCall(call);
            const [envelope] = atlas.envelopes;
            if (call === 'fields' && envelope) atlas.sendFromPage(envelope, envelope.draft.parties);
          };
        },
      },
    );
  });
});

describe('a contract from a template', () => {
  const fromTemplate = (over: Partial<Policy>) => (dealId: string) =>
    aTemplateDeal(false, {
      dealId,
      prefill: { customer_name: 'Customer Ltd', docusign_only: 'x' },
      policy: shadowed({ template: { id: 'tmpl_1', prefill: {}, trusted: false }, ...over }),
    });

  it('is shadowed by the type’s own template, with the texts that both ask for, and never sent though it is trusted', async () => {
    const template = { id: 'tmpl_atlas', prefill: { customer_name: 'company' }, trusted: true };
    await run(
      async (deal, atlas) => {
        expect(await reportOf(deal)).toMatchObject({ result: 'same', takenAway: true });
        expect(atlas.only()).toMatchObject({
          status: 'voided',
          sends: 0,
          draft: { templateId: 'tmpl_atlas', autoSend: false, prefill: { customer_name: 'Customer Ltd' } },
        });
      },
      {
        start: fromTemplate({ shadowTemplate: template }),
        before(atlas) {
          const own = { version: 'v1', roles: ['Customer', 'Company'], prefillKeys: ['customer_name'], ready: true };
          atlas.templates = [{ id: 'tmpl_atlas', ...own }];
          void atlas.ledger.vouch('tmpl_atlas@v1');
        },
      },
    );
  });

  it('is not comparable without one', async () => {
    await run(
      async (deal, atlas) => {
        expect(await reportOf(deal)).toMatchObject({ result: 'not-comparable', why: 'no-template', takenAway: true });
        expect(atlas.calls).toEqual([]);
      },
      { start: fromTemplate({}) },
    );
  });
});

/** A shadow of no deal, whose draft is looked for again soon. */
async function alone<T>(
  atlas: PaperWorld,
  script: (handle: ReturnType<typeof shadowOf>) => Promise<T>,
): Promise<T | undefined> {
  let result: T | undefined;
  await run(
    async (deal) => {
      const { parties, document, policy } = deal.start;
      const pinned = { kind: 'pdf', sha256: 'x', bytes: 7 } as const;
      const { taskQueue } = await deal.handle.describe();
      const handle = await deals.env.client.workflow.start(SHADOW_TYPE, {
        workflowId: `shadow-alone-${deal.start.dealId}`,
        taskQueue,
        args: [
          {
            documentType: 'order-form',
            of: { workflowId: 'deal-x', revision: 1 },
            deal: { provider: 'docusign', envelopeId: 'env-1' },
            provider: 'atlas',
            ...{ parties, document, pinned, transport: policy.upload, lookAgainMs: 100 },
          },
        ],
      });
      result = await script(handle);
    },
    {
      start: (dealId) => aDeal({ dealId, policy: aPolicy({ provider: 'docusign' }) }),
      before: (paper) => void Object.assign(paper.provider, atlas.provider),
    },
  );
  return result;
}
