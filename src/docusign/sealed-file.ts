/** Small secrets that commands and worker share through a file: sealed under the private key, readable by nobody else's. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, randomUUID, type KeyObject } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface SealedFile {
  /** What it holds; undefined when it is missing, damaged, or sealed for something else. */
  read(): Promise<unknown>;
  /** Replaces it in one step. Throws the system's error. */
  write(content: object): Promise<void>;
  /** Changes whenever the file is written, by whichever process; undefined when it is missing. */
  version(): Promise<string | undefined>;
  remove(): Promise<void>;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** `boundTo`: only who asks with the same words can open it. */
export function sealedFile(path: string, privateKey: KeyObject, boundTo: readonly string[]): SealedFile {
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  const key = Buffer.from(hkdfSync('sha256', der, 'countersign', 'docusign sealed file', 32));
  const bond = Buffer.from(JSON.stringify(boundTo));

  const seal = (content: object): Buffer => {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES }).setAAD(bond);
    const sealed = Buffer.concat([cipher.update(JSON.stringify(content), 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
  };
  const unseal = (bytes: Buffer): unknown => {
    const tagEnd = IV_BYTES + TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(bond).setAuthTag(bytes.subarray(IV_BYTES, tagEnd));
    const text = Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]).toString('utf8');
    return JSON.parse(text) as unknown;
  };

  return {
    async read() {
      try {
        const file = await open(path, 'r');
        try {
          return unseal(await file.readFile());
        } finally {
          await file.close();
        }
      } catch {
        return undefined;
      }
    },

    async write(content) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const draft = `${path}.${randomUUID()}`;
      try {
        const file = await open(draft, 'wx', 0o600);
        try {
          await file.writeFile(seal(content));
        } finally {
          await file.close();
        }
        await rename(draft, path);
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },

    async version() {
      try {
        const { ino, mtimeNs, size } = await stat(path, { bigint: true });
        return `${ino}-${mtimeNs}-${size}`;
      } catch {
        return undefined;
      }
    },

    remove: () => rm(path, { force: true }),
  };
}

/** Removes the files of `folder` whose names begin so; answers how many there were. */
export async function removeFiles(folder: string, beginning: string): Promise<number> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found = names.filter((name) => name.startsWith(beginning));
  await Promise.all(found.map((name) => rm(join(folder, name), { force: true })));
  return found.length;
}
