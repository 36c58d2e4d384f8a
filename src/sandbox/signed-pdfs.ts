import type { Documents } from './documents.js';
import type { Envelope } from './model.js';
import { drawForSigner, drawSignedPdf } from './signed-pdf.js';

const KEPT = 32;

/** Signed PDFs, drawn when first asked for. The last few are kept; any other is drawn again, to the same bytes. */
export class SignedPdfs {
  private readonly drawn = new Map<string, Promise<Buffer>>();

  constructor(private readonly documents: Documents) {}

  async of(envelope: Envelope): Promise<Buffer> {
    const known = this.drawn.get(envelope.id);
    const drawing = known ?? this.draw(envelope);
    this.drawn.delete(envelope.id);
    this.drawn.set(envelope.id, drawing);
    const oldest = this.drawn.keys().next();
    if (this.drawn.size > KEPT && !oldest.done) this.drawn.delete(oldest.value);
    return drawing;
  }

  /** The document as a signer gets to read it. */
  async forSigner(envelope: Envelope): Promise<Buffer> {
    return drawForSigner(envelope, await this.documents.read(envelope.document.sha256));
  }

  private async draw(envelope: Envelope): Promise<Buffer> {
    return drawSignedPdf(envelope, await this.documents.read(envelope.document.sha256));
  }
}
