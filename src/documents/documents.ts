/** The ports to documents: where a deal's draft comes from and where its signed PDF is filed. All methods throw `DocumentError`. */

export type DocumentKind = 'pdf' | 'docx';

export interface FetchedDocument {
  bytes: Uint8Array;
  /** Recognised by content, not by name. */
  kind: DocumentKind;
  sha256: string;
}

export interface DocumentSource {
  /** Fetches and checks the document at a `file:`, `https:` or `s3:` uri: an encrypted or broken one is refused. */
  fetch(uri: string): Promise<FetchedDocument>;
  /** Throws unless the provider may be handed this uri to fetch itself (public `https:` only). */
  checkLink(uri: string): void;
  close(): Promise<void>;
}

export interface DocumentStore {
  /** Files `bytes` under `key` whole or not at all and answers its uri. The same bytes again: no change; other bytes under a taken key: refused. */
  put(key: string, bytes: Uint8Array, sha256: string): Promise<{ uri: string }>;
  /** What is filed under `key`, or undefined. */
  find(key: string): Promise<{ uri: string; bytes: Uint8Array } | undefined>;
  /** The bytes filed at `uri`. */
  get(uri: string): Promise<Uint8Array>;
  /** Throws with a hint when nothing can be filed here. */
  check(): Promise<void>;
}

/** `unavailable`: fetch again later. `missing`: not where the deal says, or not allowed there. `refused`: no readable PDF or DOCX, or too large. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  readonly kind: 'unavailable' | 'missing' | 'refused';

  constructor(kind: 'unavailable' | 'missing' | 'refused', message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}
