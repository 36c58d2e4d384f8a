/** A multipart/form-data body as bytes: it is signed, so it must be whole before it is sent and the same at each try. */

export interface FilePart {
  field: string;
  fileName: string;
  contentType: string;
  bytes: Uint8Array;
}

/** Field values, file names and `boundary` must be plain: no quotes, no line breaks, nothing a person typed. */
export function multipartBody(fields: Record<string, string>, file: FilePart, boundary: string): Buffer {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="${file.field}"; filename="${file.fileName}"\r\n` +
    `Content-Type: ${file.contentType}\r\n\r\n`;
  return Buffer.concat([Buffer.from(parts.join('') + head), file.bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}
