import { apiKeyIdOf } from './api-key-id.js';
import { EnvelopeRoutes } from './envelopes.js';
import type { AtlasErrors } from './errors.js';
import { AtlasHttp } from './http.js';
import type { AtlasClientOptions } from './options.js';
import { currentSignLink } from './sign-link.js';
import { downloadSignedPdf } from './signed-pdf.js';
import { TemplateRoutes } from './templates.js';

export interface AtlasClient {
  /** Fingerprint of its key. */
  readonly apiKeyId: string;
  /** The same client with `Atlas-Account` on every call; it shares the connections, and closing it closes nothing. */
  forAccount(account: string): AtlasClient;
  readonly envelopes: EnvelopeRoutes;
  readonly templates: TemplateRoutes;
  /** The link of the signer whose turn it is: a secret. */
  currentSignLink(envelopeId: string): Promise<string | null>;
  /** Bytes of the signed PDF; `too-large` beyond the configured size. */
  downloadSignedPdf(envelopeId: string): Promise<Uint8Array>;
  readonly errors: AtlasErrors;
  close(): Promise<void>;
}

/** One account at Atlas: its key and its pool of connections. Every method throws `AtlasError` and never repeats a request by itself. */
export function createAtlasClient(options: AtlasClientOptions): AtlasClient {
  return clientOver(new AtlasHttp(options), apiKeyIdOf(options.apiKey));
}

function clientOver(http: AtlasHttp, apiKeyId: string): AtlasClient {
  return {
    apiKeyId,
    forAccount: (account) => clientOver(http.forAccount(account), apiKeyId),
    envelopes: new EnvelopeRoutes(http),
    templates: new TemplateRoutes(http),
    currentSignLink: (envelopeId) => currentSignLink(http, envelopeId),
    downloadSignedPdf: (envelopeId) => downloadSignedPdf(http, envelopeId),
    errors: http.errors,
    close: () => http.close(),
  };
}
