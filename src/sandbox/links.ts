import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from './clock.js';
import type { Envelope, Party } from './model.js';
import type { Store } from './store.js';

const SECRET = 'bucket-secret';

/** Where people and the API's callers reach the sandbox, and where they reach the bucket: no slash at the end. Known once both listen. */
export interface Hosts {
  publicUrl: string;
  bucketUrl: string;
}

/** Every link that the sandbox hands out. Tokens and the bucket's key outlive a restart; only the hosts are of this run. */
export class Links {
  private readonly secret: string;

  constructor(
    store: Store,
    private readonly clock: Clock,
    private readonly hosts: Hosts,
  ) {
    const kept = z.string().safeParse(store.notes.get(SECRET)?.value);
    this.secret = kept.data ?? randomBytes(32).toString('hex');
    if (!kept.success) store.transact(() => store.notes.put({ id: SECRET, value: this.secret }));
  }

  review(envelope: Envelope): string {
    return `${this.hosts.publicUrl}/review/${envelope.id}?rt=${envelope.reviewToken}`;
  }

  sign(envelope: Envelope, party: Party): string {
    return `${this.signWithoutToken(envelope)}?t=${party.token}`;
  }

  /** A sign link that opens nothing, as Atlas may hand out (Atlas notes 7). */
  signWithoutToken(envelope: Envelope): string {
    return `${this.hosts.publicUrl}/sign/${envelope.id}`;
  }

  /** A link to the signed PDF that works for `ttlMs`. */
  download(envelope: Envelope, ttlMs: number): string {
    const expires = this.clock.now().getTime() + ttlMs;
    return `${this.hosts.bucketUrl}/signed/${envelope.id}.pdf?expires=${expires}&signature=${this.signature(envelope.id, String(expires))}`;
  }

  mayDownload(id: string, expires: string, signature: string): boolean {
    const expected = Buffer.from(this.signature(id, expires));
    const given = Buffer.from(signature);
    return (
      given.length === expected.length &&
      timingSafeEqual(given, expected) &&
      Number(expires) > this.clock.now().getTime()
    );
  }

  private signature(id: string, expires: string): string {
    return createHmac('sha256', this.secret).update(`${id}\n${expires}`).digest('hex');
  }
}
