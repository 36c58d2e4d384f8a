import { EnvelopeRoutes } from './envelopes.js';
import type { AtlasErrors } from './errors.js';
import { AtlasHttp } from './http.js';
import type { AtlasClientOptions } from './options.js';
import { downloadSignedPdf } from './signed-pdf.js';
import { TemplateRoutes } from './templates.js';

export interface AtlasClient {
  readonly envelopes: EnvelopeRoutes;
  readonly templates: TemplateRoutes;
  /** Bytes of the signed PDF; `too-large` beyond the configured size. */
  downloadSignedPdf(envelopeId: string): Promise<Uint8Array>;
  readonly errors: AtlasErrors;
  close(): Promise<void>;
}

/** One account at Atlas: its key and its pool of connections. Every method throws `AtlasError` and never repeats a request by itself. */
export function createAtlasClient(options: AtlasClientOptions): AtlasClient {
  const http = new AtlasHttp(options);
  return {
    envelopes: new EnvelopeRoutes(http),
    templates: new TemplateRoutes(http),
    downloadSignedPdf: (envelopeId) => downloadSignedPdf(http, envelopeId),
    errors: http.errors,
    close: () => http.close(),
  };
}
