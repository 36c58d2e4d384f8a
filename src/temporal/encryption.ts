/** Encrypts whatever Temporal keeps of deals, with AES-256-GCM. Every payload names its key, so keys can be changed while deals are open. */
import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { TenantOf } from './tenant-keys.js';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

export interface PayloadKey {
  /** Stands in clear beside every payload. */
  id: string;
  /** 256 bits. */
  secret: KeyObject;
  /** Whose deals alone it encrypts. */
  tenant?: string;
}

/** A payload cannot be decrypted here. The message names the key's id and says what to do; it holds nothing of the payload or the key. */
export class UndecipherablePayload extends Error {
  override readonly name = 'UndecipherablePayload';
  readonly keyId: string;

  constructor(keyId: string, message: string) {
    super(message);
    this.keyId = keyId;
  }
}

const ENCODING = 'binary/encrypted';
const CIPHER = 'AES/GCM';
const ALGORITHM = 'aes-256-gcm';
/** Bytes: random nonces of 96 bits allow some 2^32 payloads a key. */
const NONCE = 12;
const TAG = 16;

/** The keys that payloads are encrypted with now: the first of nobody's own, and the first of each tenant. */
export function keysInUse(keys: readonly PayloadKey[]): ReadonlyMap<string | undefined, PayloadKey> {
  // Of several entries a map keeps the last.
  return new Map(keys.toReversed().map((key) => [key.tenant, key]));
}

/**
 * Encodes with the first of `keys` and decodes with each; without keys payloads stay plain. A payload of a tenant's deal is encoded with the
 * first key of that tenant, where it has one. Payloads that are not encrypted decode as they are:
 * deals that began before there were keys go on. `decode` throws `UndecipherablePayload`; a worker's task then fails and is tried again, and no deal does.
 */
export function createEncryption(
  keys: readonly PayloadKey[],
  tenantOf: TenantOf = async () => undefined,
): PayloadCodec {
  const inUse = keysInUse(keys);
  const keyFor = async (context: SerializationContext | undefined): Promise<PayloadKey | undefined> =>
    (inUse.size > 1 && inUse.get(await tenantOf(context))) || inUse.get(undefined);
  const byId = new Map(keys.map((key) => [key.id, key]));
  return {
    encode: async (payloads, context) => {
      const key = payloads.length > 0 ? await keyFor(context) : undefined;
      return key ? payloads.map((payload) => encrypted(payload, key)) : payloads;
    },
    decode: async (payloads) => payloads.map((payload) => decrypted(payload, byId)),
  };
}

/** The `UndecipherablePayload` that an error is or was caused by. */
export function undecipherableIn(error: unknown): UndecipherablePayload | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof UndecipherablePayload) return cause;
  }
  return undefined;
}

/** The id of the key that the payload is encrypted with; null for one in clear. */
export function keyIdOf({ metadata }: Payload): string | null {
  if (textOf(metadata?.['encoding']) !== ENCODING) return null;
  return textOf(metadata?.['encryption-key-id']);
}

function encrypted(payload: Payload, { id, secret }: PayloadKey): Payload {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(ALGORITHM, secret, nonce).setAAD(boundTo(id));
  const sealed = [nonce, cipher.update(PayloadMessage.encode(payload).finish()), cipher.final(), cipher.getAuthTag()];
  return {
    metadata: {
      encoding: Buffer.from(ENCODING),
      'encryption-cipher': Buffer.from(CIPHER),
      'encryption-key-id': Buffer.from(id),
    },
    data: Buffer.concat(sealed),
  };
}

function decrypted(payload: Payload, keys: ReadonlyMap<string, PayloadKey>): Payload {
  const id = keyIdOf(payload);
  if (id === null) return payload;
  // What stands there in clear may have been written by anybody.
  const shown = /^[A-Za-z0-9._-]{1,64}$/.test(id) ? id : 'of an unreadable name';
  const key = keys.get(id);
  if (!key) {
    throw new UndecipherablePayload(
      shown,
      `a payload is encrypted with the key ${shown}, which is not in PAYLOAD_KEYS: put it back there, after the key in use, and restart`,
    );
  }
  const sealed = payload.data ?? new Uint8Array();
  try {
    const decipher = createDecipheriv(ALGORITHM, key.secret, sealed.subarray(0, NONCE), { authTagLength: TAG });
    decipher.setAAD(boundTo(id)).setAuthTag(sealed.subarray(-TAG));
    const clear = Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]);
    return PayloadMessage.decode(clear);
  } catch {
    throw new UndecipherablePayload(
      shown,
      `a payload cannot be decrypted with the key ${shown}: it was altered, or PAYLOAD_KEYS has another key by that id than the one it was made with`,
    );
  }
}

/** Temporal's UI shows a payload without telling where it belongs, so no more than this can be bound to it. */
function boundTo(keyId: string): Buffer {
  return Buffer.from(`${ENCODING}\n${CIPHER}\n${keyId}`);
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes).toString() : '';
}
