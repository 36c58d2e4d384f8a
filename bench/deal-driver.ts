/** Takes deals through one version: plays the CRM that starts them, the reviewer and the signers, each as soon as it is their turn. */
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import type { Version } from './bench-stack.js';
import type { CrmReceiver } from './crm-receiver.js';
import type { SandboxAdmin } from './sandbox-admin.js';

/** For each step of a deal: seconds, or some minutes with hundreds at once on a machine that has no time left. */
const PATIENCE_MS = 300_000;

/** What deals are driven through. */
export type Driven = Pick<Version, 'name' | 'gatewayUrl' | 'start'>;

export interface Turn {
  version: Driven;
  dealIds: readonly string[];
  concurrency: number;
  onCompleted: (done: number) => void;
}

export class DealDriver {
  constructor(
    private readonly crm: CrmReceiver,
    private readonly sandbox: SandboxAdmin,
  ) {}

  /** Keeps `concurrency` deals under way until all have completed. */
  async drive({ version, dealIds, concurrency, onCompleted }: Turn): Promise<void> {
    const waiting = [...dealIds];
    let done = 0;
    const lane = async (): Promise<void> => {
      for (let dealId = waiting.shift(); dealId !== undefined; dealId = waiting.shift()) {
        await this.driveOne(version, dealId);
        onCompleted((done += 1));
      }
    };
    await Promise.all(Array.from({ length: concurrency }, lane));
  }

  /** Takes one deal from its start to its end. */
  async driveOne(version: Driven, dealId: string): Promise<void> {
    await this.toReview(version, dealId);
    await this.toSigners(version, dealId);
    await this.toTheEnd(dealId);
  }

  async toReview(version: Driven, dealId: string): Promise<void> {
    await expectOk(version, '/deals', version.start(dealId));
    await this.crm.reached(dealId, 'in-review', PATIENCE_MS);
  }

  /** Approves a deal that is in review; answers its envelope once that is out. */
  async toSigners(version: Driven, dealId: string): Promise<string> {
    await this.approve(version, dealId);
    const { envelopeId } = await this.crm.reached(dealId, 'out-for-signature', PATIENCE_MS);
    if (envelopeId === null) throw new Error(`${dealId} is out for signature without an envelope`);
    return envelopeId;
  }

  /** Signs for both signers of a deal that is out. */
  async toTheEnd(dealId: string): Promise<void> {
    const { envelopeId } = this.crm.deal(dealId);
    if (envelopeId === null) throw new Error(`${dealId} has no envelope to sign`);
    await this.sandbox.sign(envelopeId);
    await this.sandbox.sign(envelopeId);
    await this.crm.reached(dealId, 'completed', PATIENCE_MS);
  }

  /**
   * The CRM learns of a stage an instant before the deal stands in it: an approval that came too soon (409) is repeated, as is one that an
   * overloaded machine did not take in time (503).
   */
  private async approve(version: Driven, dealId: string): Promise<void> {
    const approval = { decision: 'approve', reviewer: 'reviewer' };
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const { status } = await post(version, `/deals/${dealId}/review`, approval);
      if (status >= 200 && status < 300) return;
      if (status !== 409 && status !== 503) throw new Error(`${version.name} answered ${status} to an approval`);
      if (performance.now() > deadline) throw new Error(`${version.name} takes no approval for ${dealId}: ${status}`);
      await wait(status === 409 ? 20 : 1000);
    }
  }
}

async function expectOk(version: Driven, path: string, body: unknown): Promise<void> {
  const { status, text } = await post(version, path, body);
  if (status < 200 || status > 299) throw new Error(`${version.name} answered ${status} to POST ${path}: ${text}`);
}

async function post(version: Driven, path: string, json: unknown): Promise<{ status: number; text: string }> {
  const { statusCode, body } = await request(`${version.gatewayUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  });
  return { status: statusCode, text: await body.text() };
}
