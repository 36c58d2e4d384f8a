import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The bytes of documents by their sha256: files below the data folder, or in memory without one. Keeping the same bytes twice keeps them once. */
export class Documents {
  private readonly memory = new Map<string, Buffer>();
  private readonly folder: string | null;

  constructor(dataFolder: string | null) {
    this.folder = dataFolder === null ? null : join(dataFolder, 'documents');
  }

  /** Resolves once the document would survive a kill. Returns its sha256 in hex. */
  async keep(bytes: Buffer): Promise<string> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (this.folder === null) {
      this.memory.set(sha256, bytes);
      return sha256;
    }
    const file = join(this.folder, sha256);
    if (existsSync(file)) return sha256;
    await mkdir(this.folder, { recursive: true });
    const part = `${file}.${randomUUID()}.part`;
    await writeFile(part, bytes);
    await rename(part, file);
    return sha256;
  }

  async read(sha256: string): Promise<Buffer> {
    if (this.folder !== null) return readFile(join(this.folder, sha256));
    const bytes = this.memory.get(sha256);
    if (bytes === undefined) throw new Error(`no document ${sha256}`);
    return bytes;
  }
}
