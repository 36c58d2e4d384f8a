/** A light look into a DOCX, which is a ZIP archive: its list of contents, without unpacking anything. */

const END_RECORD = 0x06054b50;
const ENTRY = 0x02014b50;
const END_RECORD_BYTES = 22;
const ENTRY_BYTES = 46;
const MAX_COMMENT_BYTES = 65_535;
const ENCRYPTED_FLAG = 1;

export interface ArchiveEntry {
  name: string;
  encrypted: boolean;
}

/** The archive's entries, or undefined when its list of contents is missing or leads out of the bytes, as in a cut-off file. */
export function archiveEntries(bytes: Uint8Array): ArchiveEntry[] | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  if (end === undefined) return undefined;
  const count = view.readUInt16LE(end + 10);
  const entries: ArchiveEntry[] = [];
  let at = view.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (at + ENTRY_BYTES > end || view.readUInt32LE(at) !== ENTRY) return undefined;
    const nameBytes = view.readUInt16LE(at + 28);
    const nameAt = at + ENTRY_BYTES;
    entries.push({
      name: view.toString('utf8', nameAt, nameAt + nameBytes),
      encrypted: (view.readUInt16LE(at + 8) & ENCRYPTED_FLAG) !== 0,
    });
    at = nameAt + nameBytes + view.readUInt16LE(at + 30) + view.readUInt16LE(at + 32);
  }
  return at <= end ? entries : undefined;
}

/** The end record is last but for a comment whose length it tells. */
function findEnd(view: Buffer): number | undefined {
  const first = Math.max(0, view.length - END_RECORD_BYTES - MAX_COMMENT_BYTES);
  for (let at = view.length - END_RECORD_BYTES; at >= first; at -= 1) {
    if (view.readUInt32LE(at) !== END_RECORD) continue;
    if (at + END_RECORD_BYTES + view.readUInt16LE(at + 20) === view.length) return at;
  }
  return undefined;
}
